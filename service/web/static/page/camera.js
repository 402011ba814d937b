// A photo from the computer's camera. Phones have their own app for that, behind the other button.

import { t } from "../text.js";
import { byId } from "./dom.js";
import { Sorry } from "./refusals.js";

/** Show what the camera sees until the reader takes it: a JPEG file, or null where they changed their mind. */
export async function takePhoto() {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: 1024 } });
  } catch {
    throw new Sorry(t("No camera can be used: there is none, or the browser does not allow it. Choose a file instead."));
  }
  const [dialog, video] = [byId("viewfinder"), byId("viewfinder-video")];
  video.srcObject = stream;
  const playing = video.play();
  playing.catch(() => {}); // whoever cancels before it plays does not wait for it
  dialog.showModal();
  try {
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    if (dialog.returnValue !== "take") return null;
    await playing; // until then the picture would be black, though its size is known and the data are there
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    canvas.getContext("2d").drawImage(video, 0, 0);
    return await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9));
  } finally {
    dialog.returnValue = "";
    video.srcObject = null;
    for (const track of stream.getTracks()) track.stop();
  }
}
