// The player: a painting that paints itself, a slider over its strokes, speed, and a button that saves a picture.
const KEPT = 8; // canvases kept on the way, to go back from
const MOST = 2048; // px of the longest side
const BUSY = 12, HURRIED = 40; // ms of painting between two frames, and on the way to a stroke that was asked for
const SLOWEST = 1, FASTEST = 2000; // strokes a second

const painting = JSON.parse(document.getElementById("painting").textContent);
const find = (id) => document.getElementById(id);
const canvas = find("canvas"), context = canvas.getContext("2d");
const play = find("play"), position = find("position"), painted = find("painted"), speed = find("speed"), pace = find("pace");

function numbers(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)), view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, index) => view.getFloat32(4 * index, true));
}

function network({ radius, points, scales, hidden, channels, weights }) {
  const held = numbers(weights);
  let at = 0;
  const layer = (inputs, outputs) => {
    const weight = held.subarray(at, at + inputs * outputs), bias = held.subarray(at + inputs * outputs, at += (inputs + 1) * outputs);
    return { weight, bias };
  };
  return {
    radius, points, scales, channels,
    atPoint: [layer(8, hidden), layer(hidden, hidden), layer(hidden, 5 * scales)],
    modulation: [layer(4, 32), layer(32, 2 * channels)],
    pixelIn: layer(scales, channels), pixelMid: layer(channels, channels), pixelOut: layer(channels, 1),
  };
}

const net = network(painting.network), rows = numbers(painting.strokes), COLUMNS = 13, total = rows.length / COLUMNS;
const state = { done: 0, wanted: 0, playing: false, last: 0, image: null, pixels: null, kept: [], ground: null, scale: 1 };

function strokeNumbered(index) { // positions in sides of its cell, and that side in px
  const row = rows.subarray(index * COLUMNS, (index + 1) * COLUMNS), cell = row[12];
  return { stroke: Array.from(row.subarray(0, 12), (value, column) => (column < 6 ? value : value / cell)), cell };
}

function fitted() { // px of the canvas on this screen, and as it is shown
  const stage = find("stage"), asked = /^#px=(\d+)$/.exec(location.hash), density = window.devicePixelRatio || 1;
  const shown = Math.max(Math.min(stage.clientWidth / painting.width, stage.clientHeight / painting.height), 0.05);
  const longest = Math.max(painting.width, painting.height);
  const wanted = asked ? Math.max(1, Number(asked[1])) / longest : shown * density;
  return { shown, scale: Math.min(wanted, Math.max(MOST, asked ? 8192 : 0) / longest) };
}

function place() { // the canvas as large as the screen lets it be
  const { shown, scale } = fitted();
  canvas.style.width = `${Math.floor(shown * painting.width)}px`;
  canvas.style.height = `${Math.floor(shown * painting.height)}px`;
  return scale;
}

function fit(again) { // painted anew if that is another size
  const scale = place();
  if (!again && Math.abs(scale / state.scale - 1) < 0.1) return;
  const width = Math.max(1, Math.round(painting.width * scale)), height = Math.max(1, Math.round(painting.height * scale));
  canvas.width = width;
  canvas.height = height;
  state.scale = scale;
  state.image = context.createImageData(width, height);
  state.pixels = new Float32Array(width * height * 4);
  state.kept = [];
  state.wanted = Math.max(state.wanted, state.done);
  state.done = 0;
  if (painting.color) {
    const ground = [...painting.color, 1];
    for (let index = 0; index < state.pixels.length; index++) state.pixels[index] = ground[index % 4];
  } else if (state.ground) {
    context.drawImage(state.ground, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    for (let index = 0; index < data.length; index++) state.pixels[index] = data[index] / 255;
  }
  keep();
  show({ x: 0, y: 0, width, height });
}

function keep() {
  state.kept[Math.round(state.done / Math.ceil(total / KEPT))] = { done: state.done, pixels: Uint16Array.from(state.pixels, (v) => v * 65535 + 0.5) };
}

function show({ x, y, width, height }) {
  const { pixels, image } = state;
  for (let row = y; row < y + height; row++) {
    for (let p = 4 * (row * image.width + x); p < 4 * (row * image.width + x + width); p += 4) {
      const alpha = pixels[p + 3], straight = alpha > 0 ? 255 / alpha : 0;
      for (let c = 0; c < 3; c++) image.data[p + c] = pixels[p + c] * straight;
      image.data[p + 3] = alpha * 255;
    }
  }
  context.putImageData(image, 0, 0, x, y, width, height);
}

function paintOne() {
  const { stroke, cell } = strokeNumbered(state.done), { width, height } = canvas;
  const box = alphaOf(net, stroke, cell * state.scale, width, height);
  if (box) show(lay(state.pixels, width, height, stroke.slice(3, 6), box));
  state.done++;
  if (state.done % Math.ceil(total / KEPT) === 0) keep();
}

function back(to) { // to the last canvas that was kept before a stroke
  const from = state.kept.filter((one) => one && one.done <= to).pop();
  state.pixels = Float32Array.from(from.pixels, (value) => value / 65535);
  state.done = from.done;
  show({ x: 0, y: 0, width: canvas.width, height: canvas.height });
}

const rate = () => SLOWEST * (FASTEST / SLOWEST) ** (speed.value / 100);

function tell() {
  const shown = Math.round(state.playing ? state.done : state.wanted);
  position.value = shown;
  position.setAttribute("aria-valuetext", `${shown} of ${total}`);
  painted.textContent = `${state.done} of ${total}`;
  pace.textContent = `${Math.round(rate())}/s`;
  play.textContent = state.playing ? "Pause" : state.done >= total ? "Again" : "Play";
}

function frame(now) {
  if (state.playing) {
    const passed = Math.min(0.1, (now - state.last) / 1000);
    state.wanted = Math.min(total, state.wanted + passed * rate(), state.done + Math.max(1, rate() / 4));
  }
  state.last = now;
  if (state.done > Math.floor(state.wanted)) back(Math.floor(state.wanted));
  const until = performance.now() + (state.playing ? BUSY : HURRIED);
  while (state.done < Math.floor(state.wanted) && performance.now() < until) paintOne();
  if (state.playing && state.done >= total) state.playing = false;
  tell();
  requestAnimationFrame(frame);
}

function go(to) {
  state.playing = false;
  state.wanted = Math.min(total, Math.max(0, to));
}

function toggle() {
  state.playing = !state.playing;
  if (state.playing && state.done >= total) state.wanted = 0;
}

function save() {
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = "painting.png";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }, "image/png");
}

position.max = total;
position.addEventListener("input", () => go(Number(position.value)));
play.addEventListener("click", toggle);
find("save").addEventListener("click", save);
find("controls").addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toLowerCase(), on = event.target.tagName;
  if (key === "s") save();
  else if (key === " " && on !== "BUTTON") toggle();
  else if (on === "INPUT") return; // sliders know arrows, Home and End themselves
  else if (key === "arrowright") go(Math.floor(state.wanted) + 1);
  else if (key === "arrowleft") go(Math.ceil(state.wanted) - 1);
  else if (key === "home") go(0);
  else if (key === "end") go(total);
  else return;
  if (key !== "s") event.preventDefault();
});

function begin() {
  canvas.classList.toggle("clear", !state.ground && !painting.color);
  speed.value = Math.round(100 * Math.log(Math.max(1, total / 20) / SLOWEST) / Math.log(FASTEST / SLOWEST)); // 20 s
  fit(true);
  let resized;
  new ResizeObserver(() => {
    place();
    clearTimeout(resized);
    resized = setTimeout(() => fit(false), 200);
  }).observe(find("stage"));
  if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) go(total);
  else state.playing = true;
  requestAnimationFrame(frame);
}

if (painting.ground) {
  state.ground = new Image();
  state.ground.addEventListener("load", begin);
  state.ground.src = painting.ground;
} else begin();
