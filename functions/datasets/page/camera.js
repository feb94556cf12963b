// A picture by the computer's or phone's camera.

import { h } from "./dom.js";

export const hasCamera = () => Boolean(navigator.mediaDevices?.getUserMedia);

const WORDS = {
  NotAllowedError: "The browser was not allowed to use the camera.",
  NotFoundError: "There is no camera.",
  NotReadableError: "The camera is in use by another program.",
};

// Open the camera in a dialog; `taken` is called with each picture as a file.
export function openCamera(taken) {
  const said = h("p", { role: "status", className: "quiet" }, "Waiting for the camera…");
  const video = h("video", { autoplay: true, muted: true, playsInline: true, aria: { label: "What the camera sees" } });
  const take = h("button", { type: "button", className: "main", disabled: true, onclick: picture }, "Take a picture");
  const dialog = h("dialog", { className: "camera", aria: { labelledby: "camera-title" } },
    h("h2", { id: "camera-title" }, "Camera"), video, said,
    h("p", { className: "row" }, take, h("button", { type: "button", onclick: () => dialog.close() }, "Done")));
  let stream = null, number = 0;
  dialog.addEventListener("close", () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } }).then((found) => {
    if (!dialog.isConnected) return found.getTracks().forEach((track) => track.stop());
    stream = found;
    video.srcObject = found;
    video.onloadedmetadata = () => {
      said.textContent = "";
      take.disabled = false;
      take.focus();
    };
  }, (error) => { said.textContent = WORDS[error.name] || `The camera cannot be used: ${error.message}`; });

  function picture() {
    const canvas = h("canvas", { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((blob) => {
      number += 1;
      taken(new File([blob], `picture-${number}.jpg`, { type: blob.type }));
      said.textContent = number === 1 ? "1 picture taken" : `${number} pictures taken`;
    }, "image/jpeg", 0.92);
  }
}
