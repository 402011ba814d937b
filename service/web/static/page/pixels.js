// Pictures of 28×28 grey pixels: Uint8Array of 784, row by row.

export const SIZE = 28;
const FAINT = 16; // of 255: the dataset's garments have such specks at their edges, which nobody sees

/** What networks take: Float32Array in 0…1. */
export const toShares = (pixels) => Float32Array.from(pixels, (byte) => byte / 255);

/** Several pictures, one behind the other, as networks take them. */
export function toBatch(pictures) {
  const batch = new Float32Array(pictures.length * SIZE * SIZE);
  pictures.forEach((pixels, at) => batch.set(toShares(pixels), at * SIZE * SIZE));
  return batch;
}

/** The picture moved right and down; what comes in from outside is background. */
export function shift(pixels, right, down) {
  const moved = new Uint8Array(SIZE * SIZE);
  for (let row = 0; row < SIZE; row++) {
    for (let column = 0; column < SIZE; column++) {
      const [fromRow, fromColumn] = [row - down, column - right];
      if (fromRow < 0 || fromRow >= SIZE || fromColumn < 0 || fromColumn >= SIZE) continue;
      moved[row * SIZE + column] = pixels[fromRow * SIZE + fromColumn];
    }
  }
  return moved;
}

/** How far a garment can move before any of it leaves the picture: {left, right, up, down} in pixels. */
export function room(pixels) {
  const seen = [...pixels.keys()].filter((index) => pixels[index] > FAINT);
  const [rows, columns] = [seen.map((index) => Math.floor(index / SIZE)), seen.map((index) => index % SIZE)];
  return {
    left: Math.min(...columns),
    right: SIZE - 1 - Math.max(...columns),
    up: Math.min(...rows),
    down: SIZE - 1 - Math.max(...rows),
  };
}

/** Whether a move cuts off something of the garment. */
export const isCut = ({ left, right, up, down }, [x, y]) => -x > left || x > right || -y > up || y > down;

/** The picture shrunk to an edge, by averaging, in the middle of the 28×28. */
export function shrunk(pixels, edge) {
  const small = new Uint8Array(SIZE * SIZE);
  const margin = (SIZE - edge) / 2;
  for (let row = 0; row < edge; row++) {
    for (let column = 0; column < edge; column++) {
      small[(row + margin) * SIZE + column + margin] = Math.round(mean(pixels, row, column, SIZE / edge));
    }
  }
  return small;
}

/** The mean under a square of `step` pixels, the parts of pixels at its edges weighed by their share. */
function mean(pixels, row, column, step) {
  const [top, left] = [row * step, column * step];
  let sum = 0;
  for (let y = Math.floor(top); y < Math.min(top + step, SIZE); y++) {
    for (let x = Math.floor(left); x < Math.min(left + step, SIZE); x++) {
      const height = Math.min(y + 1, top + step) - Math.max(y, top);
      const width = Math.min(x + 1, left + step) - Math.max(x, left);
      sum += pixels[y * SIZE + x] * height * width;
    }
  }
  return sum / step ** 2;
}

/** The grey pixels of a 28×28 picture file. */
export async function fromFile(blob) {
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(SIZE, SIZE);
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, SIZE, SIZE);
  return Uint8Array.from({ length: SIZE * SIZE }, (_, index) => data[index * 4]);
}

/**
 * The picture as a BMP file of 24 bits, which needs no encoder: Chromium's writes a canvas in its idle time only, up to
 * seven seconds later on a busy machine. Rows of 28 pixels need no padding to four bytes.
 */
export function toBMP(pixels) {
  const header = new DataView(new ArrayBuffer(54));
  header.setUint16(0, 0x424d); // "BM"
  header.setUint32(2, header.byteLength + pixels.length * 3, true);
  header.setUint32(10, header.byteLength, true); // where the pixels begin
  header.setUint32(14, 40, true); // what is left of the header
  header.setInt32(18, SIZE, true);
  header.setInt32(22, -SIZE, true); // negative: the first row is the top one
  header.setUint16(26, 1, true); // planes
  header.setUint16(28, 24, true); // bits a pixel
  const bytes = new Uint8Array(pixels.length * 3);
  pixels.forEach((pixel, index) => bytes.fill(pixel, index * 3, index * 3 + 3));
  return new Blob([header, bytes]);
}
