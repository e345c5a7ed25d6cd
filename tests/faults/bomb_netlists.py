"""Netlists and Verilog that are made to take memory or time; see `bomb_files.py`."""

from __future__ import annotations

from collections.abc import Callable


def lgn(*, inputs: int = 2, features: str = "2 binary", nodes: str = "", out: str = "n2", count: int = 1) -> bytes:
    outs = f"outputs {count}\n" + f"out {out}\n" * count
    return (
        f'lgn 1\ncircuit "x"\nfeatures {features}\ninputs {inputs}\nlayers\n{nodes}{outs}'
        f'head tau 1 tie first\nclass "a" {count} bias 0\nend\n'
    ).encode()


def blif(body: str, inputs: str = "a b", outputs: str = "o") -> bytes:
    return f".model m\n.inputs {inputs}\n.outputs {outputs}\n{body}.end\n".encode()


def binary_aiger(count: int) -> bytes:
    """As many AND gates as fit: two bytes each."""
    return b"aig %d 2 0 1 %d\n%d\n" % (count + 2, count, 2 * count + 4) + b"\x02\x02" * count


NETLISTS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "newlines": ("x.v", lambda: b"\n" * 9_000_000),
    "blanks": ("x.v", lambda: b" " * 9_000_000),
    "attributes": ("x.v", lambda: b"(*" * 4_000_000),
    "one-line": ("x.txt", lambda: b"a " * 4_500_000),
    "lgn-inputs": ("x.lgn", lambda: lgn(inputs=1 << 26, features=f"{1 << 26} binary")),
    "lgn-codes": ("x.lgn", lambda: lgn(inputs=1 << 26, features=f"{1 << 26} codes 8 scale 1 offset 0 floor float32")),
    "lgn-tokens": ("x.lgn", lambda: b"lgn 1 " + b"a " * 4_500_000),
    "lgn-layers": ("x.lgn", lambda: lgn().replace(b"layers\n", b"layers" + b' "a"' * 2_300_000 + b"\n")),
    "lgn-quotes": ("x.lgn", lambda: b'lgn 1\n"' + b"\\" * 9_000_000),
    "lgn-string": ("x.lgn", lambda: lgn().replace(b'"x"', b'"' + b"\\u0041" * 1_500_000 + b'"')),
    "lgn-thresholds": (
        "x.lgn",
        lambda: lgn(inputs=2, features="1 thresholds 4000000").replace(
            b"inputs", b"threshold 0 " + b"0 " * 4_000_000 + b"\ninputs"
        ),
    ),
    "lgn-nodes": ("x.lgn", lambda: lgn(nodes="".join(f"n{i + 4} = and n2 n3\n" for i in range(450_000)))),
    "lgn-outputs": ("x.lgn", lambda: lgn(count=1_200_000)),
    "lgn-classes": ("x.lgn", lambda: lgn().replace(b'class "a" 1', b'class "a" 0 bias 0\n' * 500_000 + b'class "a" 1')),
    "lgn-meta": (
        "x.lgn",
        lambda: lgn().replace(b"end", b"".join(b'meta "%d" ""\n' % i for i in range(500_000)) + b"end"),
    ),
    "lgn-chain": (
        "x.lgn",
        lambda: lgn(nodes="".join(f"n{i + 4} = not n{i + 3}\n" for i in range(400_000)), out="n400003"),
    ),
    "blif-cover": ("x.blif", lambda: blif(".names a b o\n" + "11 1\n" * 1_800_000)),
    "blif-cover-of-six": ("x.blif", lambda: blif(".names a b a b a b o\n" + "11-0-1 1\n" * 1_000_000)),
    "blif-wide": ("x.blif", lambda: blif(".names " + "a " * 3000 + "o\n" + ("1" * 3000 + " 1\n") * 3000)),
    "blif-wide-and-long": ("x.blif", lambda: blif(".names " + "a " * 2_000_000 + "o\n" + "1" * 2_000_000 + " 1\n")),
    "blif-many": (
        "x.blif",
        lambda: blif("".join(f".names a b x{i}\n11 1\n" for i in range(350_000)) + ".names a o\n1 1\n"),
    ),
    "blif-inputs": (
        "x.blif",
        lambda: blif(".names a o\n1 1\n", inputs="a " + " ".join(f"i{i}" for i in range(1_000_000))),
    ),
    "blif-outputs": ("x.blif", lambda: blif(".names a o\n1 1\n", outputs="o " * 4_500_000)),
    "blif-continued": ("x.blif", lambda: b".model m\n.inputs " + b"\\\n" * 4_500_000),
    "blif-chain": (
        "x.blif",
        lambda: blif(
            "".join(f".names x{i} x{i + 1}\n1 1\n" for i in range(350_000)) + ".names x350000 o\n1 1\n.names x0\n1\n"
        ),
    ),
    "blif-names": ("x.blif", lambda: blif(".names a o\n1 1\n" + ".names\n1\n" * 900_000)),
    "aiger-header": ("x.aag", lambda: b"aag 4000000000 4000000000 0 1 0\n2\n"),
    "aiger-inputs": ("x.aig", lambda: b"aig 1048576 1048576 0 1 0\n2\n"),
    "aiger-ands": ("x.aig", lambda: binary_aiger(4_900_000)),
    "aiger-text": (
        "x.aag",
        lambda: (
            b"aag 500002 2 0 1 500000\n2\n4\n1000004\n" + b"".join(b"%d 2 4\n" % (2 * i + 6) for i in range(500_000))
        ),
    ),
    "aiger-outputs": ("x.aag", lambda: b"aag 1 1 0 4000000 0\n2\n" + b"3\n" * 4_000_000),
    "aiger-symbols": ("x.aag", lambda: b"aag 1 1 0 1 0\n2\n3\n" + b"".join(b"o%d x\n" % i for i in range(900_000))),
    "aiger-line": ("x.aag", lambda: b"aag 1 1 0 1 " + b"0" * 9_000_000),
}


def verilog(body: str, ports: str = "input a, output o") -> bytes:
    return f"module m({ports});\n{body}\nendmodule\n".encode()


VERILOG: dict[str, tuple[str, Callable[[], bytes]]] = {
    "open-comments": ("x.v", lambda: verilog("assign o = a;") + b"/*" * 4_500_000),
    "open-attributes": ("x.v", lambda: verilog("assign o = a;") + b"(*" * 4_500_000),
    "open-quotes": ("x.v", lambda: verilog("assign o = a;") + b'"' * 9_000_001),
    "backticks": ("x.v", lambda: verilog("assign o = a;") + b"`x" * 3_000_000),
    "macros-to-nothing": (
        "x.v",
        lambda: (
            b"`define a0\n"
            + b"".join(b"`define a%d `a%d`a%d\n" % (i + 1, i, i) for i in range(40))
            + b"`a40\n"
            + verilog("assign o = a;")
        ),
    ),
    "macros-to-much": (
        "x.v",
        lambda: (
            b"`define a0 aaaaaaaa\n"
            + b"".join(b"`define a%d `a%d`a%d\n" % (i + 1, i, i) for i in range(40))
            + b"`a40\n"
            + verilog("assign o = a;")
        ),
    ),
    "macro-of-itself": ("x.v", lambda: b"`define a `a `a\n`a\n" + verilog("assign o = a;")),
    "conditionals": ("x.v", lambda: b"`ifdef X\n" * 900_000 + verilog("assign o = a;")),
    "lines": ("x.v", lambda: verilog("assign o = a;" + "\n" * 9_000_000)),
    "parentheses": ("x.v", lambda: verilog("assign o = " + "(" * 4_000_000 + "a" + ")" * 4_000_000 + ";")),
    "negations": ("x.v", lambda: verilog("assign o = " + "~" * 9_000_000 + "a;")),
    "modules": (
        "x.v",
        lambda: b"".join(b"module m%d(input a, output o); assign o = a; endmodule\n" % i for i in range(150_000)),
    ),
    "width": ("x.v", lambda: verilog("wire [2147483647:0] w; assign w = a; assign o = w[0];")),
    "port-width": ("x.v", lambda: verilog("assign o = a[0];", "input [2147483647:0] a, output o")),
    "replication": ("x.v", lambda: verilog("wire w; assign o = ^{1000000000{a}};")),
    "replications": ("x.v", lambda: verilog("assign o = ^{1000{{1000{{1000{a}}}}}};")),
}
