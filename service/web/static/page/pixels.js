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

/** The picture as a PNG file. */
export async function toPNG(pixels) {
  const canvas = new OffscreenCanvas(SIZE, SIZE);
  paint(canvas, SIZE, SIZE, (index) => [pixels[index], pixels[index], pixels[index]]);
  return canvas.convertToBlob({ type: "image/png" });
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
