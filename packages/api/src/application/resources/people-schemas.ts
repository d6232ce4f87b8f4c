// What accounts and users say about people.
import { Type } from 'typebox'

const CLOSED = { additionalProperties: false } as const

/** Names of people and accounts are shown in many places: no markup, and no control characters. */
export function plainText(limits: { readonly minLength: number; readonly maxLength: number }) {
  return Type.String({ ...limits, pattern: '^[^<>\\u0000-\\u001f\\u007f]*$' })
}

const ShortSchema = plainText({ minLength: 1, maxLength: 63 })

export function postalAddressSchema({ postalCodeMax }: { readonly postalCodeMax: number }) {
  return Type.Object(
    {
      addressCountry: Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1 alpha-2.' }),
      addressLocality: ShortSchema,
      addressRegion: ShortSchema,
      postalCode: plainText({ minLength: 1, maxLength: postalCodeMax }),
      streetAddress1: ShortSchema,
      streetAddress2: Type.Optional(ShortSchema),
    },
    CLOSED,
  )
}

export const AccountContactSchema = Type.Object(
  {
    firstName: ShortSchema,
    lastName: ShortSchema,
    companyName: Type.Optional(ShortSchema),
    email: Type.String({ minLength: 1, maxLength: 63 }),
    phone: Type.Optional(plainText({ minLength: 1, maxLength: 31 })),
    postalAddress: postalAddressSchema({ postalCodeMax: 31 }),
  },
  CLOSED,
)
