// Small plots as SVG, without a library: bars, and lines on logarithmic axes. Colours are legible on white and on black.

const COLOURS = ['#1b6ec2', '#d9622b', '#2a9d5c', '#8e5bb5', '#c23b5e', '#7a7a2b', '#3aa0a8', '#9a6a43', '#6b7280', '#e0a100'];
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }[c]));
const text = (x, y, words, more = '') => `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escape(words)}</text>`;

function page(width, height, title, body) {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" `
    + `aria-label="${escape(title)}" font-family="sans-serif" font-size="12">\n`
    + `<rect width="${width}" height="${height}" fill="#fff"/>\n<g fill="#222">\n${text(16, 24, title, 'font-size="15" font-weight="bold"')}\n</g>\n`
    + `${body}\n</svg>\n`;
}

const short = (value) => Number.isInteger(value) && value < 1000 ? String(value) : value >= 10000 ? `${Math.round(value / 1000)}k` : value >= 1000 ? `${(value / 1000).toFixed(1)}k`
  : value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);

/** `bars`: [{ name, value, least?, most?, isOurs? }]; whiskers where least and most are given. */
export function barPlot({ title, unit, bars }) {
  const width = 760;
  const left = 230;
  const step = 26;
  const most = Math.max(...bars.map(({ value, most: upper }) => upper ?? value)) || 1;
  const scale = (width - left - 90) / most;
  const rows = bars.map(({ name, value, least, most: upper, isOurs }, n) => {
    const y = 42 + n * step;
    const whisker = least === undefined ? ''
      : `<line x1="${(left + least * scale).toFixed(1)}" x2="${(left + upper * scale).toFixed(1)}" y1="${y + 9}" y2="${y + 9}" stroke="#222"/>`;
    return `<rect x="${left}" y="${y}" width="${Math.max(1, value * scale).toFixed(1)}" height="18" fill="${isOurs ? COLOURS[0] : '#9aa3ad'}"/>${whisker}`
      + `<g fill="#222">${text(left - 8, y + 13, name, 'text-anchor="end"')}${text(left + (upper ?? value) * scale + 6, y + 13, `${short(value)} ${unit}`)}</g>`;
  });
  return page(width, 52 + bars.length * step, title, rows.join('\n'));
}

function ticks(least, most) {
  const found = [];
  for (let power = 10 ** Math.floor(Math.log10(least)); power <= most; power *= 10)
    for (const factor of [1, 2, 5])
      if (power * factor >= least * 0.999 && power * factor <= most * 1.001)
        found.push(power * factor);
  return found.length > 9 ? found.filter((value) => Math.abs(Math.log10(value) % 1) < 1e-9) : found;
}

/** `lines`: [{ name, points: [[x, y], ...] }], all values over 0. */
export function linePlot({ title, x: xName, y: yName, lines, xTicks }) {
  const [width, height, left, top, right, bottom] = [760, 380, 70, 44, 190, 50];
  const points = lines.flatMap((line) => line.points);
  const range = (values) => [Math.min(...values), Math.max(...values)];
  const [xLeast, xMost] = range(points.map(([x]) => x));
  const [yLeast, yMost] = range(points.map(([, y]) => y));
  const place = (value, least, most, from, to) => from + (most === least ? 0.5 : Math.log(value / least) / Math.log(most / least)) * (to - from);
  const px = (x) => place(x, xLeast, xMost, left, width - right);
  const py = (y) => place(y, yLeast / 1.1, yMost * 1.1, height - bottom, top);
  const grid = [
    ...ticks(yLeast / 1.1, yMost * 1.1).map((y) => `<line x1="${left}" x2="${width - right}" y1="${py(y).toFixed(1)}" y2="${py(y).toFixed(1)}" stroke="#ddd"/>`
      + `<g fill="#222">${text(left - 6, py(y) + 4, short(y), 'text-anchor="end"')}</g>`),
    ...(xTicks ?? ticks(xLeast, xMost)).map((x) => `<g fill="#222">${text(px(x), height - bottom + 18, short(x), 'text-anchor="middle"')}</g>`),
    `<g fill="#222">${text((left + width - right) / 2, height - 10, xName, 'text-anchor="middle"')}${text(16, top - 8, yName)}</g>`,
  ];
  const drawn = lines.map(({ name, points: own }, n) => {
    const colour = COLOURS[n % COLOURS.length];
    const path = own.map(([x, y]) => `${px(x).toFixed(1)},${py(y).toFixed(1)}`).join(' ');
    const dots = own.length > 12 ? '' : own.map(([x, y]) => `<circle cx="${px(x).toFixed(1)}" cy="${py(y).toFixed(1)}" r="3" fill="${colour}"/>`).join('');
    const y = top + 8 + n * 18;
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots}`
      + `<rect x="${width - right + 14}" y="${y - 9}" width="10" height="10" fill="${colour}"/><g fill="#222">${text(width - right + 30, y, name)}</g>`;
  });
  return page(width, height, title, [...grid, ...drawn].join('\n'));
}
