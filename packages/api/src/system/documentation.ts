// `/openapi.json`, made from the very schemas that validate, and `/docs` to browse it.
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'

/** In place of the framework's own. */
const LOGO = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" width="130" height="40"><text x="0" y="28" ' +
    'font-family="sans-serif" font-size="24" font-weight="bold" fill="#fff">Holdfast</text></svg>',
)

const DESCRIPTION = `Protects applications: consistent snapshots, deduplicated and encrypted backups, restores.

Every request carries \`Authorization: Bearer <token>\`. Errors are problem details (RFC 9457); the
member \`holdfast\` says to which resource it happened, why, and what to do next. Paths below \`/v1\`
are the container dialect: they need the header \`X-Hub-Id\` beside the token, and answer errors as
\`{"error": {…}, "data": null}\`.`

/** To be called before any route is registered. */
export async function registerDocumentation(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Holdfast', description: DESCRIPTION, version },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer' },
          hub: { type: 'apiKey', in: 'header', name: 'X-Hub-Id' },
        },
      },
      security: [{ token: [] }],
    },
    // Schemas that routes validate with are a part of what is documented.
    transform: ({ schema, url, route }) => ({
      schema: route.config?.description ?? { ...schema, hide: true },
      url,
    }),
    refResolver: {
      buildLocalReference: (json, _base, _fragment, at) =>
        typeof json.$id === 'string' ? json.$id : `schema-${at}`,
    },
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    // The page must work without any other server: no online validator.
    uiConfig: { validatorUrl: null, docExpansion: 'none', deepLinking: true },
    logo: { type: 'image/svg+xml', content: LOGO },
    theme: { title: 'Holdfast API' },
  })
  app.get('/openapi.json', async () => app.swagger())
}
