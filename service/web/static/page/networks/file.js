// A network's file, as service/models/network_files.py writes it.

/** ArrayBuffer → {layers: [{kind, kernel, relu, size, weights, bias}], calibration}. */
export function parse(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const { layers, calibration } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let at = 4 + length;
  const take = (Numbers, count) => {
    const taken = new Numbers(buffer, at, count);
    at += Math.ceil(taken.byteLength / 4) * 4;
    return taken;
  };
  for (const layer of layers) {
    if (!layer.kernel.length) continue;
    const outputs = layer.kernel.at(-1);
    const scales = take(Float32Array, outputs);
    layer.bias = take(Float32Array, outputs);
    const levels = take(Int16Array, layer.kernel.reduce((product, edge) => product * edge));
    layer.weights = Float32Array.from(levels, (level, index) => level * scales[index % outputs]);
  }
  return { layers, calibration };
}
