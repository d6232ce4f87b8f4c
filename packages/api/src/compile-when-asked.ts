// Compiles the schemas of requests when the first request needs them: there are hundreds of them,
// and whoever starts the service waits for none.
import type { FastifyServerOptions } from 'fastify'

type OnCreate = NonNullable<NonNullable<FastifyServerOptions['ajv']>['onCreate']>
type Ajv = Parameters<OnCreate>[0]
type Validate = ReturnType<Ajv['compile']>

export function compileWhenAsked(ajv: Ajv): void {
  const compile = ajv.compile.bind(ajv)
  const compileLater = (schema: Parameters<Ajv['compile']>[0]) => {
    let compiled: Validate | undefined
    const validate = (data: unknown) => {
      compiled ??= compile(schema)
      const answer = compiled(data)
      validate.errors = compiled.errors
      return answer
    }
    validate.errors = undefined as Validate['errors']
    return validate
  }
  ajv.compile = compileLater as Ajv['compile']
}
