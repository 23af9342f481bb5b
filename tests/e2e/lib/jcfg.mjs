// Writes the configuration format of Janus (libconfig) from plain objects.

function value(v) {
  if (Array.isArray(v))
    return v.every((item) => typeof item !== 'object') ? `[${v.map(value).join(', ')}]`
      : `(${v.map(value).join(', ')})`;
  switch (typeof v) {
    case 'object':
      return `{ ${Object.entries(v).map(([key, inner]) => `${key} = ${value(inner)};`).join(' ')} }`;
    case 'string':
      return `"${v.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`;
    default:
      return String(v);
  }
}

/** `{ general: { a: 1 } }` becomes `general: { a = 1 }`. A value of undefined leaves its key out. */
export function jcfg(sections) {
  return Object.entries(sections).map(([name, keys]) => {
    const lines = Object.entries(keys).filter(([, v]) => v !== undefined)
      .map(([key, v]) => `    ${key} = ${value(v)}`);
    return `${name}: {\n${lines.join('\n')}\n}\n`;
  }).join('');
}
