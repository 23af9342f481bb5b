// A film for Chromium's fake camera: somebody drawn with circles, who moves a little. Y4M, 640 x 480.
import fs from 'node:fs';

const [WIDTH, HEIGHT, FRAMES] = [640, 480, 12];

/** 1 inside, 0 outside, and soft in between. */
const ellipse = (x, y, cx, cy, rx, ry) => Math.max(0, Math.min(1, (1 - Math.hypot((x - cx) / rx, (y - cy) / ry)) * 40 + 0.5));

const mix = (one, other, share) => one.map((value, n) => value + (other[n] - value) * share);

function pixel(x, y, sway, { wall, shirt, skin, hair }) {
  const light = 1 - 0.35 * Math.hypot((x - 420) / WIDTH, (y - 120) / HEIGHT);
  let colour = wall.map((value) => value * light);
  colour = mix(colour, hair, ellipse(x, y, 320 + sway, 206, 66, 76));
  colour = mix(colour, skin, ellipse(x, y, 320 + sway, 290, 25, 40));
  colour = mix(colour, shirt, ellipse(x, y, 320 + sway / 2, 430, 140, 120));
  return mix(colour, skin, ellipse(x, y, 320 + sway, 216, 50, 64));
}

export function film(file, colours) {
  const out = fs.openSync(file, 'w');
  fs.writeSync(out, `YUV4MPEG2 W${WIDTH} H${HEIGHT} F8:1 Ip A1:1 C420jpeg\n`);
  for (let frame = 0; frame < FRAMES; frame++) {
    const sway = 6 * Math.sin(2 * Math.PI * frame / FRAMES);
    const luma = Buffer.alloc(WIDTH * HEIGHT);
    const chroma = [Buffer.alloc(WIDTH * HEIGHT / 4), Buffer.alloc(WIDTH * HEIGHT / 4)];
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++) {
        const [r, g, b] = pixel(x, y, sway, colours);
        const bright = 0.299 * r + 0.587 * g + 0.114 * b;
        luma[y * WIDTH + x] = bright;
        if (x % 2 || y % 2)
          continue;
        const at = y / 2 * WIDTH / 2 + x / 2;
        chroma[0][at] = 128 + 0.564 * (b - bright);
        chroma[1][at] = 128 + 0.713 * (r - bright);
      }
    }
    fs.writeSync(out, 'FRAME\n');
    for (const plane of [luma, ...chroma])
      fs.writeSync(out, plane);
  }
  fs.closeSync(out);
}

export const PEOPLE = {
  alice: { wall: [222, 205, 186], shirt: [58, 92, 120], skin: [233, 190, 160], hair: [84, 52, 38] },
  bob: { wall: [178, 200, 204], shirt: [196, 110, 70], skin: [166, 116, 86], hair: [38, 30, 28] },
};
