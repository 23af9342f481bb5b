// Holds messages against the schemas of docs/asyncapi.yaml and docs/webhooks.openapi.yaml, and remembers how those looked
// that it was shown.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';

const DOCS = fileURLToPath(new URL('../../../docs', import.meta.url));
const ADDRESS = 'docs';

// What is the users' own, of any shape.
const OPAQUE = 'data';

/** Readers ignore what they do not know, but nothing is sent that the file does not say. */
function strict(value) {
  if (Array.isArray(value))
    return value.map(strict);
  if (typeof value !== 'object' || value === null)
    return value;
  const inner = Object.fromEntries(Object.entries(value).map(([key, of]) => [key, strict(of)]));
  return value.type === 'object' && value.properties ? { additionalProperties: false, ...inner } : inner;
}

/** Every object in a message: where it is, and its fields. */
function* shapes(value, where = '') {
  if (Array.isArray(value)) {
    for (const item of value)
      yield* shapes(item, `${where}[]`);
  } else if (typeof value === 'object' && value !== null) {
    yield `${where || 'itself'}: ${Object.keys(value).sort().join(' ')}`;
    for (const [key, inner] of Object.entries(value)) {
      if (key !== OPAQUE || where === '' && value.type)
        yield* shapes(inner, `${where}.${key}`);
    }
  }
}

export class Schemas {
  #seen = new Map();
  #checks = new Map();

  constructor(file) {
    this.text = fs.readFileSync(path.join(DOCS, file), 'utf8');
    this.document = parse(this.text);
    this.ajv = new Ajv2020({ strict: false, allErrors: true });
    this.ajv.addSchema({ $id: ADDRESS, ...strict(this.document) });
  }

  #checkOf(pointer) {
    if (!this.#checks.has(pointer))
      this.#checks.set(pointer, this.ajv.compile({ $ref: `${ADDRESS}${pointer}` }));
    return this.#checks.get(pointer);
  }

  /** The message is as the schema at this JSON pointer says; `what` names its kind. */
  check(pointer, message, what) {
    const isGood = this.#checkOf(pointer);
    assert.ok(isGood(message), `${what} ${JSON.stringify(message)}: ${JSON.stringify(isGood.errors)}`);
  }

  /** The same, of a message that was really sent. */
  saw(pointer, message, what) {
    this.check(pointer, message, what);
    if (!this.#seen.has(what))
      this.#seen.set(what, new Set());
    for (const shape of shapes(message))
      this.#seen.get(what).add(shape);
  }

  /** References that lead nowhere. */
  dangling(value = this.document) {
    if (typeof value !== 'object' || value === null)
      return [];
    const target = value.$ref?.split('/').slice(1).reduce((at, key) => at?.[key], this.document);
    return [...(value.$ref && !target ? [value.$ref] : []), ...Object.values(value).flatMap((inner) => this.dangling(inner))];
  }

  wasSeen(what) {
    return this.#seen.has(what);
  }

  /** Something in this message that no message which was sent had. */
  unlikeAll(message, what) {
    return [...shapes(message)].filter((shape) => !this.#seen.get(what)?.has(shape)).map((shape) => `${what}: ${shape}`);
  }
}

const nameOf = (reference) => reference.$ref.split('/').at(-1);

export class AsyncApi extends Schemas {
  requests = new Map();
  replies = new Map();
  events = new Map();

  constructor() {
    super('asyncapi.yaml');
    const { operations, components } = this.document;
    this.messages = components.messages;
    const put = (map, reference) => map.set(this.messages[nameOf(reference)].name, nameOf(reference));
    for (const { action, messages, reply } of Object.values(operations)) {
      messages.forEach((reference) => put(action === 'send' ? this.requests : this.events, reference));
      if (reply)
        put(this.replies, reply.messages[0]);
    }
  }

  /** What the official parser has against a text: errors and warnings. */
  static async faults(text) {
    // Its ES module cannot be loaded by Node.
    const { Parser } = createRequire(import.meta.url)('@asyncapi/parser');
    const { diagnostics } = await new Parser().parse(text);
    return diagnostics.filter(({ severity }) => severity <= 1).map(({ message, path: where }) => `${where.join('.')}: ${message}`);
  }

  static pointer = (key) => `#/components/messages/${key}/payload`;

  #saw(map, name, message, what) {
    const key = map.get(name);
    assert.ok(key, `the file has no ${what} ${name}`);
    this.saw(AsyncApi.pointer(key), message, key);
  }

  sawRequest(body) {
    this.#saw(this.requests, body.request, body, 'request');
  }

  sawReply(reply) {
    if (reply.call === 'error')
      this.saw(AsyncApi.pointer('refusal'), reply, 'refusal');
    else
      this.#saw(this.replies, reply.request, reply, 'reply to');
  }

  sawEvent(event) {
    this.#saw(this.events, event.event, event, 'event');
  }
}

export class WebhookApi extends Schemas {
  constructor() {
    super('webhooks.openapi.yaml');
    this.examples = Object.values(this.document.webhooks).flatMap(({ post }) => {
      const { schema, examples } = post.requestBody.content['application/json'];
      return Object.values(examples).map(({ value }) => ({ schema: nameOf(schema), value }));
    });
    this.types = new Map(Object.values(this.document.webhooks).map(({ post }) => {
      const schema = nameOf(post.requestBody.content['application/json'].schema);
      return [this.document.components.schemas[schema].properties.type.const, schema];
    }));
  }

  static async faults(text) {
    const { valid, errors } = await new Validator().validate(text);
    return valid ? [] : errors.map(({ instancePath, message }) => `${instancePath}: ${message}`);
  }

  static pointer = (schema) => `#/components/schemas/${schema}`;

  /** The body of a webhook that really came. */
  sawWebhook(body) {
    assert.ok(this.types.has(body.type), `the file has no ${body.type}`);
    this.saw(WebhookApi.pointer(this.types.get(body.type)), body, body.type);
  }
}
