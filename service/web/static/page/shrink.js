// A worker that scales a photo down and encodes it, beside the page. A message is {id, file, turns}: quarters clockwise.

const EDGE = 1024; // pixels: four times what the service's conversion looks at
const MAX_BYTES = 300_000;

addEventListener("message", async ({ data: { id, file, turns } }) => {
  try {
    const whole = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(EDGE / Math.max(whole.width, whole.height), 1);
    const [width, height] = [whole.width, whole.height].map((edge) => Math.max(Math.round(edge * scale), 1));
    const canvas = turns % 2 ? new OffscreenCanvas(height, width) : new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d", { alpha: true });
    context.imageSmoothingQuality = "high";
    context.translate(canvas.width / 2, canvas.height / 2);
    context.rotate((turns * Math.PI) / 2);
    context.drawImage(whole, -width / 2, -height / 2, width, height);
    const asItIs = !turns && scale === 1 && file.size <= MAX_BYTES && ["image/jpeg", "image/png"].includes(file.type);
    const blob = asItIs ? file : await encode(canvas, isOpaque(context, canvas));
    const bitmap = canvas.transferToImageBitmap();
    postMessage({ id, result: { blob, bitmap } }, [bitmap]);
  } catch (error) {
    postMessage({ id, error: error.message });
  }
});

/** JPEG has no transparency, which tells a garment that was cut out from its background. */
function isOpaque(context, { width, height }) {
  const { data } = context.getImageData(0, 0, width, height);
  for (let at = 3; at < data.length; at += 4) if (data[at] < 255) return false;
  return true;
}

async function encode(canvas, opaque) {
  if (!opaque) return canvas.convertToBlob({ type: "image/png" });
  for (const quality of [0.92, 0.8, 0.6, 0.4]) {
    const blob = await canvas.convertToBlob({ type: "image/jpeg", quality });
    if (blob.size <= MAX_BYTES) return blob;
  }
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.2 });
}
