// Keys and tokens for tests, made by two libraries that others use: jsonwebtoken and jose.
import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';

import * as jose from 'jose';
import jsonwebtoken from 'jsonwebtoken';

/** A time for a claim. */
export function secondsFromNow(seconds) {
  return Math.floor(Date.now() / 1000) + seconds;
}

const aSecret = () => randomBytes(24).toString('base64');

function pair(algorithm) {
  const { publicKey, privateKey } = algorithm === 'RS256' ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { algorithm, privateKey, publicPem: publicKey.export({ type: 'spki', format: 'pem' }),
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }) };
}

/** A new key: { algorithm, secret } or { algorithm, privateKey, privatePem, publicPem }. */
export function makeKey(algorithm) {
  return algorithm === 'HS256' ? { algorithm, secret: aSecret() } : pair(algorithm);
}

/** What the server has of a key, as the text of a file. */
export const serverSide = (key) => key.secret ?? key.publicPem;

/** The two libraries: each signs claims as they are. */
export const makers = {
  jsonwebtoken: (claims, { algorithm, secret, privateKey }, header = {}) => jsonwebtoken.sign(
    claims, secret ?? privateKey, { algorithm, noTimestamp: true, header: { alg: algorithm, ...header } }),

  jose: (claims, { algorithm, secret, privateKey }, header = {}) => new jose.SignJWT(claims)
    .setProtectedHeader({ alg: algorithm, ...header })
    .sign(secret ? createSecretKey(Buffer.from(secret)) : privateKey),
};

/** A token by HS256 with a secret. */
export function sign(claims, secret) {
  return makers.jsonwebtoken(claims, { algorithm: 'HS256', secret });
}
