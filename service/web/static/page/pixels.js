// Pictures of 28×28 grey pixels: Uint8Array of 784, row by row.

export const SIZE = 28;

/** The bytes of the API's maps: base64, channel after channel. */
export function decode(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
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

/** Fill a canvas pixel by pixel with [red, green, blue] of each index. */
export function paint(canvas, width, height, colour) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let index = 0; index < width * height; index++) {
    image.data.set([...colour(index), 255], index * 4);
  }
  context.putImageData(image, 0, 0);
}
