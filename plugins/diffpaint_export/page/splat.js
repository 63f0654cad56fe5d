// neural-splat, as diffpaint_neural/splat.py has it: a stroke is Gaussians along its curve, and a small network that
// makes alpha of their density. Lengths are in sides of the square that the brush takes for 64 px.
const SOFTEST = 0.4 / 64, FILL = 0.4, FAINT = 1e-5, LIGHT = 0.01, REACH = 6;
const COARSE = 256; // px of a side from which on alpha is computed on every second pixel, on every fourth from twice it

function erf(x) { // to 1.5e-7 (Abramowitz and Stegun 7.1.26)
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const tail = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - tail * Math.exp(-x * x));
}
const gelu = (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2));

function linear(layer, input) {
  const { weight, bias } = layer, wide = input.length;
  return Float64Array.from(bias, (sum, row) => {
    for (let column = 0; column < wide; column++) sum += weight[row * wide + column] * input[column];
    return sum;
  });
}

// Gaussians of a stroke: x, y, their deviations, and mass, for each scale and point; and the layers of its pixels.
function gaussians(net, stroke) {
  const [startPressure, endPressure, size, , , , sx, sy, cx, cy, ex, ey] = stroke, { points, scales } = net;
  const radius = net.radius[0] * (net.radius[1] / net.radius[0]) ** size / 64;
  const found = [];
  let length = 0;
  for (let k = 0; k < points; k++) {
    const t = k / (points - 1), s = 1 - t;
    const vx = 2 * s * (cx - sx) + 2 * t * (ex - cx), vy = 2 * s * (cy - sy) + 2 * t * (ey - cy);
    const speed = Math.sqrt(vx * vx + vy * vy + 1e-4), pressure = s * startPressure + t * endPressure;
    length += speed / points;
    const seen = [pressure - 0.5, size - 0.5, vx, vy, speed - 1, Math.log(speed), t - 0.5, 0.2 * Math.log(pressure + 1e-3)];
    const out = linear(net.atPoint[2], linear(net.atPoint[1], linear(net.atPoint[0], seen).map(gelu)).map(gelu));
    const share = (k === 0 || k === points - 1 ? 0.5 : 1) / (points - 1), joined = FILL / (points - 1);
    for (let scale = 0; scale < scales; scale++) {
      const at = (part) => out[part * scales + scale];
      const deviation = (part, velocity) =>
        Math.sqrt((radius * Math.exp(at(part))) ** 2 + SOFTEST ** 2 + (velocity * joined) ** 2);
      found.push({
        scale,
        x: s * s * sx + 2 * s * t * cx + t * t * ex + radius * at(2),
        y: s * s * sy + 2 * s * t * cy + t * t * ey + radius * at(3),
        wide: deviation(0, vx),
        high: deviation(1, vy),
        mass: Math.exp(at(4)) * share * (speed / radius + 1),
      });
    }
  }
  const seen = [startPressure - 0.5, endPressure - 0.5, size - 0.5, length - 1];
  const modulation = linear(net.modulation[1], linear(net.modulation[0], seen).map(gelu)), channels = net.channels;
  const first = { weight: new Float64Array(channels * scales), bias: new Float64Array(channels) };
  for (let c = 0; c < channels; c++) {
    for (let s = 0; s < scales; s++) first.weight[c * scales + s] = net.pixelIn.weight[c * scales + s] * (1 + modulation[c]);
    first.bias[c] = net.pixelIn.bias[c] * (1 + modulation[c]) + modulation[channels + c];
  }
  return { found, first, pressed: -Math.expm1(-(startPressure + endPressure) / 2 / LIGHT) };
}

// Alpha of a stroke in a box around it: {left, top, width, height} in cells of `step` px, and alpha, a number a cell.
// side: px of the length 1; (width, height): of the canvas, px.
function alphaOf(net, stroke, side, width, height) {
  const { found, first, pressed } = gaussians(net, stroke), { scales, channels } = net;
  const step = 2 ** Math.max(0, Math.floor(Math.log2(side / COARSE))), unit = step / side;
  const columns = Math.ceil(width / step) + 1, rows = Math.ceil(height / step) + 1; // one more, to interpolate
  let left = columns, top = rows, right = 0, bottom = 0;
  for (const one of found) {
    const far = one.mass > FAINT ? Math.sqrt(2 * Math.log(one.mass / FAINT)) : 0;
    left = Math.min(left, Math.floor((one.x - far * one.wide) / unit));
    right = Math.max(right, Math.ceil((one.x + far * one.wide) / unit));
    top = Math.min(top, Math.floor((one.y - far * one.high) / unit));
    bottom = Math.max(bottom, Math.ceil((one.y + far * one.high) / unit));
  }
  left = Math.max(left - 1, 0), top = Math.max(top - 1, 0);
  right = Math.min(right + 1, columns), bottom = Math.min(bottom + 1, rows);
  const w = right - left, h = bottom - top;
  if (w <= 0 || h <= 0) return null;
  for (const one of found) {
    one.from = Math.max(0, Math.floor((one.x - REACH * one.wide) / unit) - left);
    one.to = Math.min(w, Math.ceil((one.x + REACH * one.wide) / unit) - left);
    one.across = new Float64Array(w);
    for (let i = one.from; i < one.to; i++) {
      const u = ((left + i + 0.5) * unit - one.x) / one.wide;
      one.across[i] = one.mass * Math.exp(-0.5 * u * u);
    }
  }
  const alpha = new Float32Array(w * h), density = new Float64Array(w * scales), level = new Float64Array(channels);
  const { weight: w1, bias: b1 } = first, { weight: w2, bias: b2 } = net.pixelMid, { weight: w3, bias: b3 } = net.pixelOut;
  const log = new Float64Array(scales);
  for (let j = 0; j < h; j++) {
    density.fill(0);
    for (const { scale, y, high, across, from, to } of found) {
      const u = ((top + j + 0.5) * unit - y) / high;
      if (u > REACH || u < -REACH) continue;
      const down = Math.exp(-0.5 * u * u);
      for (let i = from; i < to; i++) density[i * scales + scale] += down * across[i];
    }
    for (let i = 0; i < w; i++) {
      let sum = 0;
      for (let s = 0; s < scales; s++) {
        sum += density[i * scales + s];
        log[s] = Math.log(1 + density[i * scales + s]);
      }
      if (sum < FAINT) continue;
      for (let c = 0; c < channels; c++) {
        let value = b1[c];
        for (let s = 0; s < scales; s++) value += w1[c * scales + s] * log[s];
        level[c] = value > 0 ? value : 0;
      }
      let out = b3[0];
      for (let c = 0; c < channels; c++) {
        let value = b2[c];
        for (let d = 0; d < channels; d++) value += w2[c * channels + d] * level[d];
        if (value > 0) out += w3[c] * value;
      }
      alpha[j * w + i] = pressed * (1 - Math.exp(-4 * sum)) / (1 + Math.exp(-out));
    }
  }
  return { left, top, width: w, height: h, step, alpha };
}

// Lay a stroke over pixels (width x height x 4, colour times alpha, and alpha); returns the box that has changed, px.
function lay(pixels, width, height, color, { left, top, width: w, height: h, step, alpha }) {
  const x0 = left * step, y0 = top * step;
  const x1 = Math.min(width, (left + w) * step), y1 = Math.min(height, (top + h) * step);
  for (let y = y0; y < y1; y++) {
    // centres of cells lie half a step in; beyond the outermost their alpha goes on
    const v = Math.min(Math.max((y + 0.5) / step - 0.5 - top, 0), h - 1), j = Math.min(Math.floor(v), Math.max(h - 2, 0));
    for (let x = x0; x < x1; x++) {
      let a;
      if (step === 1) a = alpha[(y - top) * w + x - left];
      else {
        const u = Math.min(Math.max((x + 0.5) / step - 0.5 - left, 0), w - 1), i = Math.min(Math.floor(u), Math.max(w - 2, 0));
        const s = u - i, t = v - j, at = j * w + i, right = w > 1 ? 1 : 0, below = h > 1 ? w : 0;
        a = (1 - t) * ((1 - s) * alpha[at] + s * alpha[at + right])
          + t * ((1 - s) * alpha[at + below] + s * alpha[at + below + right]);
      }
      if (a === 0) continue;
      const p = 4 * (y * width + x);
      pixels[p] += a * (color[0] - pixels[p]);
      pixels[p + 1] += a * (color[1] - pixels[p + 1]);
      pixels[p + 2] += a * (color[2] - pixels[p + 2]);
      pixels[p + 3] += a * (1 - pixels[p + 3]);
    }
  }
  return { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
}
