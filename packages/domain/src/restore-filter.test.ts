import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NAMESPACE_KIND, VOLUME_KIND } from './resource-kinds.ts'
import {
  checkRestoreFilter,
  type FilterElement,
  type FilteredResource,
  type RestoreFilter,
  selectResources,
  selectVolumes,
} from './restore-filter.ts'

const RESOURCES: FilteredResource[] = [
  { ...NAMESPACE_KIND, name: 'shop' },
  { ...VOLUME_KIND, namespace: 'shop', name: 'data' },
  { ...VOLUME_KIND, namespace: 'shop', name: 'cache', labels: { tier: 'cache' } },
  { ...NAMESPACE_KIND, name: 'blog' },
  { ...VOLUME_KIND, namespace: 'blog', name: 'data' },
]
const VOLUMES = [
  { namespace: 'shop', key: '.' },
  { namespace: 'shop', key: 'data' },
  { namespace: 'shop', key: 'cache' },
  { namespace: 'blog', key: '.' },
  { namespace: 'blog', key: 'data' },
]

function included(...GVKN: FilterElement[]): string[] {
  const filter = { resourceSelectionCriteria: 'include', GVKN } as const
  return selectVolumes(VOLUMES, RESOURCES, filter).map(
    ({ namespace, key }) => `${namespace}/${key}`,
  )
}

for (const [elements, volumes] of [
  [[{ kind: 'Volume' }], ['shop/data', 'shop/cache', 'blog/data']],
  [[{ kind: 'Namespace' }], ['shop/.', 'blog/.']],
  [[{ namespaces: ['shop'] }], ['shop/.', 'shop/data', 'shop/cache']],
  [[{ names: ['data'] }], ['shop/data', 'blog/data']],
  [[{ names: ['data'], namespaces: ['blog', 'other'] }], ['blog/data']],
  [
    [{ names: ['data'], namespaces: ['blog'] }, { names: ['cache'] }],
    ['shop/cache', 'blog/data'],
  ],
  [[{ labelSelectors: ['tier=cache'] }], ['shop/cache']],
  [[{ labelSelectors: ['!tier', 'tier!=web'], kind: 'Volume' }], ['shop/data', 'blog/data']],
  [[{ group: 'apps' }], []],
  [[{ group: '', kind: 'Volume', namespaces: [], names: ['cache'] }], ['shop/cache']],
] as const) {
  test(`${JSON.stringify(elements)} includes ${volumes.join(', ') || 'nothing'}`, () => {
    assert.deepEqual(included(...elements), volumes)
  })
}

test('a volume that the inventory lacks is judged by its name and namespace', () => {
  const filter = { resourceSelectionCriteria: 'include', GVKN: [{ names: ['lost'] }] } as const
  const lost = { namespace: 'shop', key: 'lost' }
  assert.deepEqual(selectVolumes([...VOLUMES, lost], RESOURCES, filter), [lost])
})

test('empty elements and unreadable selectors are faults, named by their place', () => {
  const faults = checkRestoreFilter({
    resourceSelectionCriteria: 'include',
    GVKN: [{ kind: 'Volume' }, {}, { names: [] }, { labelSelectors: ['a=b', 'a in'] }],
  }).map(({ member }) => member)
  assert.deepEqual(faults, [
    'restoreFilter.GVKN[1]',
    'restoreFilter.GVKN[2]',
    'restoreFilter.GVKN[3].labelSelectors[1]',
  ])
  const none = { resourceSelectionCriteria: 'exclude', GVKN: [] } as const
  assert.equal(checkRestoreFilter(none).length, 1)
})

const few = (...values: string[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 })
const element: fc.Arbitrary<FilterElement> = fc.record(
  {
    group: fc.constantFrom('holdfast.io', 'apps'),
    version: fc.constantFrom('v1', 'v2'),
    kind: fc.constantFrom('Volume', 'Namespace', 'Pod'),
    namespaces: few('shop', 'blog', 'none'),
    names: few('data', 'cache', 'shop'),
    labelSelectors: few('tier', '!tier', 'tier=cache'),
  },
  { requiredKeys: [] },
)
const elements = fc.array(element, { minLength: 1, maxLength: 3 })

test('include and exclude part all resources between them', () => {
  fc.assert(
    fc.property(elements, (GVKN) => {
      const select = (criteria: RestoreFilter['resourceSelectionCriteria']) =>
        selectResources(RESOURCES, { resourceSelectionCriteria: criteria, GVKN })
      const [inside, outside] = [select('include'), select('exclude')]
      assert.deepEqual(
        RESOURCES.filter((it) => inside.includes(it)),
        inside,
      )
      assert.deepEqual(
        RESOURCES.filter((it) => !inside.includes(it)),
        outside,
      )
    }),
  )
})

test('elements are alternatives; a further member of an element never selects more', () => {
  fc.assert(
    fc.property(elements, element, (GVKN, more) => {
      const select = (filtered: readonly FilterElement[]) =>
        new Set(
          selectResources(RESOURCES, { resourceSelectionCriteria: 'include', GVKN: filtered }),
        )
      const union = new Set(GVKN.flatMap((one) => [...select([one])]))
      assert.deepEqual(select(GVKN), new Set(RESOURCES.filter((it) => union.has(it))))
      const [first] = GVKN
      const narrowed = select([{ ...more, ...first }])
      assert.ok([...narrowed].every((it) => select([first ?? {}]).has(it)))
    }),
  )
})
