// A real OpenID provider (npm `oidc-provider`) on loopback, for tools/contract/identity.py alone.
//
// `node identity_provider.mjs PORT NONCE AUDIENCE`: prints one line of JSON when it listens. Client
// credentials of the client `machine` give JWT access tokens (RFC 9068) for the audience; its keys
// are made here, and `POST /test/rotate` makes the next one and forgets the last. `GET /test/nonce`
// names this very process: a provider left over on the port must not pass for it.

import { createServer } from 'node:http'
import { generateKeyPairSync } from 'node:crypto'
import { Provider } from 'oidc-provider'

const [port, nonce, audience] = process.argv.slice(2)
const issuer = `http://127.0.0.1:${port}`

function key(kid) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  // `key_ops` as a provider has it that was given its private key by WebCrypto
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256', key_ops: ['sign'], ext: true }
}

function provider(generation) {
  const made = new Provider(issuer, {
    clients: ['machine', 'stranger'].map((id) => ({
      client_id: id,
      client_secret: `${id}-secret-of-a-test`,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
    })),
    jwks: { keys: [key(`k${generation}`)] },
    scopes: ['cases:read'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        getResourceServerInfo: (_, resource) => ({
          audience: resource,
          scope: 'cases:read',
          accessTokenFormat: 'jwt',
          accessTokenTTL: 600,
          jwt: { sign: { alg: 'ES256' } },
        }),
        useGrantedResource: () => true,
      },
    },
  })
  return made.callback()
}

let generation = 1
let answer = provider(generation)
let asked = 0
const server = createServer((request, response) => {
  if (request.url === '/test/nonce') return response.end(JSON.stringify({ nonce, asked, generation }))
  if (request.url === '/test/rotate') {
    generation += 1
    answer = provider(generation)
    return response.end(JSON.stringify({ generation }))
  }
  if (request.url === '/jwks') asked += 1
  answer(request, response)
})
server.listen(Number(port), '127.0.0.1', () => console.log(JSON.stringify({ issuer, nonce })))
