"""Send images to a board over its serial port and compare its answers with the labels.

    python classify.py digits.json --port /dev/ttyUSB1 --data digits

The manifest says everything about the protocol (docs/interfaces.md). ``BoardClient`` takes any object with ``read``,
``write`` and ``reset_input_buffer``, so a program of one's own can import it.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lgc.backend.columns import codes_by_rows, inputs_of_rows
from lgc.backend.manifest import Manifest, read_manifest
from lgc.data import TableOptions, class_indices, is_data_file, read_table
from lgc.data.known import known_columns
from lgc.data.labels import indices as label_indices
from lgc.errors import InputError, LgcError, MissingToolError, NotCheckedError
from lgc.ir import Encoder

SILENCE = 0.2  # seconds after which the board has forgotten half an image; it takes 0.1


@dataclass(frozen=True)
class Answer:
    """What the board says of one image: the class, or None if it is no port, and the scores, if they are."""

    class_id: int | None
    scores: tuple[int, ...]


def payloads(manifest: Manifest, samples: NDArray[Any], num_bits: int | None = None) -> list[bytes]:
    """The bytes of every image.

    Args:
        samples: raw rows (B, C) where the manifest says what the columns are, else features (B, F) as the model reads
            them; with ``num_bits`` bits packed into bytes (B, bytes), the lowest first.
    """
    code, size = manifest.features, interface(manifest)["image_bytes"]
    if num_bits is None and code is not None:
        width = interface(manifest)["item_bytes"]
        rows = samples.reshape(len(samples), -1)
        codes = codes_by_rows(manifest.columns, rows) if manifest.columns else code.codes(rows)
        return [b"".join(int(value).to_bytes(width, "little") for value in row) for row in codes]
    if code is not None:
        raise InputError("the data is packed bits, but this circuit reads features", hint="Give the features")
    if num_bits is None:
        thresholds = None if manifest.thresholds is None else np.array(manifest.thresholds)
        bits = Encoder(manifest.num_features, thresholds).encode(samples.reshape(len(samples), -1))
        samples = np.packbits(bits, axis=1, bitorder="little")
    if samples.dtype != np.uint8 or samples.shape[1] != size:
        raise InputError(f"an image of this data has {samples.shape[1]} bytes, the circuit reads {size}")
    return [row.tobytes() for row in samples]


def interface(manifest: Manifest) -> dict[str, Any]:
    """The manifest's entry of a UART wrapper."""
    if manifest.interface is None or manifest.interface["kind"] != "uart":
        raise InputError("this circuit has no UART", hint="Compile it with --interface uart")
    return manifest.interface


class BoardClient:
    """Talks to the circuit behind a UART.

    Args:
        line: an open serial port with a read timeout, or what behaves like one.
    """

    def __init__(self, line: Any, manifest: Manifest) -> None:
        self.line, self.manifest, self.entry = line, manifest, interface(manifest)

    def classify(self, image: bytes, attempts: int = 3) -> Answer:
        """Send an image and wait for its answer; after a lost one wait until the board has forgotten it, and repeat.

        Raises:
            NotCheckedError: no whole answer came.
        """
        if len(image) != self.entry["image_bytes"]:
            raise InputError(f"an image of {len(image)} bytes, not {self.entry['image_bytes']}")
        size = self.entry["reply_bytes"]
        for attempt in range(attempts):
            if attempt:
                time.sleep(SILENCE)
                self.line.reset_input_buffer()
            self.line.write(image)
            reply = self.line.read(size)
            if len(reply) == size:
                return self._answer(reply)
        raise NotCheckedError(
            f"the board did not answer {attempts} times",
            hint="Check the port, the baud rate, and that the board is configured with this circuit",
        )

    def _answer(self, reply: bytes) -> Answer:
        start, width = self.entry["class_bytes"], self.entry["score_bytes"]
        class_id = int.from_bytes(reply[:start], "little") if start else None
        count = len(self.manifest.classes) if width else 0
        fields = [reply[start + width * index : start + width * (index + 1)] for index in range(count)]
        signed = self.manifest.score_signed
        return Answer(class_id, tuple(int.from_bytes(field, "little", signed=signed) for field in fields))


def run(client: BoardClient, images: list[bytes], labels: NDArray[np.int64] | None) -> tuple[int, int]:
    """Classify all images; prints each class if there are no labels. Returns (right, images)."""
    right = 0
    for index, image in enumerate(images):
        answer = client.classify(image)
        class_id = _best(answer.scores, client.manifest.tie) if answer.class_id is None else answer.class_id
        if labels is None:
            print(f"{index}: {client.manifest.classes[class_id]} {list(answer.scores) or ''}")
        else:
            right += int(class_id == labels[index])
    return right, len(images)


def _best(scores: tuple[int, ...], tie: str) -> int:
    order = range(len(scores))
    return max(order if tie == "first" else order[::-1], key=scores.__getitem__)


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Classify images on a board, over its serial port.")
    parser.add_argument("manifest", type=Path, help="the .json that lgc compile wrote beside the Verilog")
    parser.add_argument("--port", required=True, help="the serial port, for example /dev/ttyUSB1 or COM4")
    parser.add_argument(
        "--data",
        required=True,
        help="samples, with their labels if known: an .npz, .npy or .csv file; or a data set's name",
    )
    parser.add_argument("--label", help="of a table: the column of the labels")
    parser.add_argument("--limit", type=int, default=1000, help="images to send (default 1000)")
    options = parser.parse_args(arguments)
    try:
        manifest = read_manifest(options.manifest)
        samples, labels, num_bits = _data(options.data, manifest, options.label)
        images = payloads(manifest, samples[: options.limit], num_bits)
        labels = None if labels is None else labels[: options.limit]
        with _port(options.port, interface(manifest)["baud"]) as line:
            start = time.perf_counter()
            right, count = run(BoardClient(line, manifest), images, labels)
            seconds = time.perf_counter() - start
    except LgcError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    if labels is not None:
        print(f"{right} of {count} right ({100 * right / max(1, count):.2f} %)")
    print(f"{count} images in {seconds:.1f} s")
    return 0


def _data(
    source: str, manifest: Manifest, label: str | None = None
) -> tuple[NDArray[Any], NDArray[np.int64] | None, int | None]:
    """Samples, labels if they are known, and the bits of a sample if they are packed."""
    if not is_data_file(source):
        from lgc.train.data import load_dataset

        dataset = load_dataset(source)
        return dataset.test if manifest.columns else dataset.test_x, dataset.test_y, None
    table = read_table(source, TableOptions(label=label))
    if table.labels is None:
        labels = None
    elif manifest.labels is not None:
        labels = label_indices(table.labels, manifest.labels, source)
    else:
        labels = class_indices(table.labels, manifest.classes, source)
    if table.packed:
        return np.packbits(table.rows, axis=1, bitorder="little"), labels, table.rows.shape[1]
    if not manifest.columns or not any("low" in row or row.get("words") for row in manifest.columns):
        return table.rows, labels, None  # the model does not know its columns
    return known_columns(table.rows, table.columns, inputs_of_rows(manifest.columns))[0], labels, None


def _port(name: str, baud: int) -> Any:
    try:
        import serial
    except ImportError:
        raise MissingToolError("pyserial is not installed", hint="`pip install pyserial`") from None
    try:
        return serial.Serial(name, baud, timeout=1.0)
    except serial.SerialException as error:
        raise InputError(f"the port cannot be opened: {error}", where=name) from None


if __name__ == "__main__":
    sys.exit(main())
