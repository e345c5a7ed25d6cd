"""A pickle interpreter that runs nothing.

It reads the opcodes that containers, numbers, strings, tensors and module objects need, and builds
containers, numpy arrays and :class:`StandIn` objects. A global becomes a :class:`Name`, which is two strings:
no module is imported, and a call to anything outside ``CALLABLES`` is refused by name.
"""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable
from typing import Any

import numpy as np

from lgc.bounds import scaled
from lgc.errors import CheckpointError
from lgc.frontend.containers.values import CALLABLES, LateArray, Name, StandIn, key_text

MAX_PICKLE_BYTES = 32 << 20
MAX_STEPS = 300_000


Resolver = Callable[[object], object]
TensorBuilder = Callable[..., object]


def load_pickle(
    stream: io.BytesIO, resolve: Resolver, rebuild_tensor: TensorBuilder, *, max_steps: int = MAX_STEPS
) -> Any:
    """The object that the pickle at the stream's position describes; leaves the stream after it.

    Args:
        resolve: makes a storage of a persistent id.
        rebuild_tensor: makes a tensor of (storage, offset, size, stride).
        max_steps: opcodes to interpret at most; bounds time and memory.

    Raises:
        CheckpointError: damaged, too long, or it asks for anything but data.
    """
    try:
        return _Machine(resolve, rebuild_tensor).run(stream, max_steps)
    except CheckpointError:
        raise
    except Exception as error:  # whatever else a malformed pickle provokes is the file's fault
        raise CheckpointError(f"its description is damaged ({type(error).__name__})") from None


class _Mark:
    """The place on the stack that MARK leaves."""


_MARK = _Mark()


class _Machine:
    """The pickle stack machine, cut down to data."""

    def __init__(self, resolve: Resolver, rebuild_tensor: TensorBuilder) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._resolve = resolve
        self._callables = CALLABLES | {
            ("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor,
            ("torch._utils", "_rebuild_tensor"): rebuild_tensor,
            ("_codecs", "encode"): self._encode,
        }
        self._bytes_left = MAX_PICKLE_BYTES
        self._merges_left = MAX_STEPS

    def run(self, stream: io.BytesIO, max_steps: int) -> Any:
        most = scaled(max_steps)
        for count, (opcode, arg, _) in enumerate(pickletools.genops(stream)):
            if count > most:
                raise CheckpointError(f"its description has more than {most} steps, more than any model's")
            if opcode.name in _LITERALS:
                self._stack.append(arg)
            elif opcode.name == "STOP":
                return self._stack.pop()
            else:
                action = _ACTIONS.get(opcode.name)
                if action is None:
                    raise CheckpointError(
                        f"its description uses the pickle opcode {opcode.name}, which no checkpoint needs"
                    )
                action(self, arg)
        raise CheckpointError("its description has no end")

    def _ignore(self, _: object) -> None:
        """PROTO and FRAME only announce."""

    def _push_mark(self, _: object) -> None:
        self._stack.append(_MARK)

    def _pop_mark(self) -> list[Any]:
        """The items above the last mark."""
        index = len(self._stack) - 1
        while self._stack[index] is not _MARK:
            index -= 1
            if index < 0:
                raise CheckpointError("its description is damaged")
        items = self._stack[index + 1 :]
        del self._stack[index:]
        return items

    def _pop(self, _: object) -> None:
        self._stack.pop()

    def _drop_mark(self, _: object) -> None:
        self._pop_mark()

    def _dup(self, _: object) -> None:
        self._stack.append(self._stack[-1])

    def _none(self, _: object) -> None:
        self._stack.append(None)

    def _true(self, _: object) -> None:
        self._stack.append(True)

    def _false(self, _: object) -> None:
        self._stack.append(False)

    def _empty_list(self, _: object) -> None:
        self._stack.append([])

    def _empty_tuple(self, _: object) -> None:
        self._stack.append(())

    def _empty_dict(self, _: object) -> None:
        self._stack.append({})

    def _empty_set(self, _: object) -> None:
        # A set would hash what the file puts in; a list does not.
        self._stack.append([])

    def _list(self, _: object) -> None:
        self._stack.append(self._pop_mark())

    def _tuple(self, _: object) -> None:
        self._stack.append(tuple(self._pop_mark()))

    def _tuple1(self, _: object) -> None:
        self._stack[-1:] = [tuple(self._stack[-1:])]

    def _tuple2(self, _: object) -> None:
        self._stack[-2:] = [tuple(self._stack[-2:])]

    def _tuple3(self, _: object) -> None:
        self._stack[-3:] = [tuple(self._stack[-3:])]

    def _dict(self, _: object) -> None:
        items = self._pop_mark()
        self._stack.append({})
        self._fill(items)

    def _append(self, _: object) -> None:
        value = self._stack.pop()
        self._extend([value])

    def _appends(self, _: object) -> None:
        self._extend(self._pop_mark())

    def _extend(self, values: list[Any]) -> None:
        if not isinstance(self._stack[-1], list):
            raise CheckpointError("it appends to something that is no list")
        self._stack[-1].extend(values)

    def _setitem(self, _: object) -> None:
        items = [self._stack.pop(-2), self._stack.pop()]
        self._fill(items)

    def _setitems(self, _: object) -> None:
        self._fill(self._pop_mark())

    def _fill(self, items: list[Any]) -> None:
        """Dictionary entries."""
        target = self._stack[-1]
        if not isinstance(target, dict) or len(items) % 2:
            raise CheckpointError("a dictionary is described wrongly")
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[key if _is_plain_key(key) else key_text(key, target)] = value

    def _get(self, arg: Any) -> None:
        self._stack.append(self._memo[int(arg)])

    def _put(self, arg: Any) -> None:
        index = int(arg)
        if not 0 <= index < 1 << 32:  # two numbers of one hash, of which there are many above, take each other's place
            raise CheckpointError("it numbers its parts strangely")
        self._memo[index] = self._stack[-1]

    def _memoize(self, _: object) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def _global(self, arg: Any) -> None:
        module, _, name = str(arg).partition(" ")
        self._stack.append(Name(module, name))

    def _stack_global(self, _: object) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise CheckpointError("it names a Python object by something that is no text")
        self._stack.append(Name(module, name))

    def _persistent(self, _: object) -> None:
        self._stack.append(self._resolve(self._stack.pop()))

    def _reduce(self, _: object) -> None:
        args, function = self._stack.pop(), self._stack.pop()
        build = self._callables.get((function.module, function.name)) if isinstance(function, Name) else None
        if build is None or not isinstance(args, tuple):
            what = str(function) if isinstance(function, Name) else "something that is no function"
            raise CheckpointError(
                f"it calls '{what}'",
                hint="Only tensors, containers, numbers and strings are read; nothing in the file was run",
            )
        self._stack.append(build(*args))

    def _encode(self, text: object, encoding: object = "latin1") -> bytes:
        """How protocol 2 spells bytes. Each call copies, so all calls share one allowance."""
        if not isinstance(text, str) or encoding != "latin1" or len(text) > self._bytes_left:
            raise CheckpointError("it spells bytes in an unknown way")
        self._bytes_left -= len(text)
        return text.encode("latin1")

    def _newobj(self, _: object) -> None:
        args, kind = self._stack.pop(), self._stack.pop()
        if not isinstance(kind, Name) or not isinstance(args, tuple):
            raise CheckpointError("it makes an object of something that is no class")
        self._stack.append({} if kind.name == "OrderedDict" else StandIn(kind, args))

    def _build(self, _: object) -> None:
        state, target = self._stack.pop(), self._stack[-1]
        parts = state if isinstance(state, tuple) else (state,)
        # One state can be given to an object again and again.
        self._merges_left -= len(parts) + sum(len(part) for part in parts if isinstance(part, dict))
        if self._merges_left < 0:
            raise CheckpointError("it sets the state of its objects more often than any model needs")
        if isinstance(target, StandIn | LateArray):
            target.set_state(state)
        elif not isinstance(target, dict | np.dtype):  # a state_dict's _metadata, a dtype's byte order: dropped
            raise CheckpointError("it sets the state of something that has none")


def _is_plain_key(key: object) -> bool:
    """Text, none, or a number of usual size: of others, many can be found that have one hash."""
    if isinstance(key, float):
        return key == 0 or 2.0**-60 < abs(key) < 2.0**60
    return key is None or isinstance(key, str) or (isinstance(key, int) and abs(key) < 1 << 60)


_LITERALS = frozenset(
    {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "UNICODE", "BINUNICODE",
     "BINUNICODE8", "SHORT_BINUNICODE", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "SHORT_BINSTRING", "BINSTRING",
     "STRING"}
)  # fmt: skip

_ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": _Machine._ignore,
    "FRAME": _Machine._ignore,
    "MARK": _Machine._push_mark,
    "POP": _Machine._pop,
    "POP_MARK": _Machine._drop_mark,
    "DUP": _Machine._dup,
    "NONE": _Machine._none,
    "NEWTRUE": _Machine._true,
    "NEWFALSE": _Machine._false,
    "EMPTY_LIST": _Machine._empty_list,
    "EMPTY_TUPLE": _Machine._empty_tuple,
    "EMPTY_DICT": _Machine._empty_dict,
    "EMPTY_SET": _Machine._empty_set,
    "FROZENSET": _Machine._list,
    "ADDITEMS": _Machine._appends,
    "LIST": _Machine._list,
    "TUPLE": _Machine._tuple,
    "TUPLE1": _Machine._tuple1,
    "TUPLE2": _Machine._tuple2,
    "TUPLE3": _Machine._tuple3,
    "DICT": _Machine._dict,
    "APPEND": _Machine._append,
    "APPENDS": _Machine._appends,
    "SETITEM": _Machine._setitem,
    "SETITEMS": _Machine._setitems,
    "GET": _Machine._get,
    "BINGET": _Machine._get,
    "LONG_BINGET": _Machine._get,
    "PUT": _Machine._put,
    "BINPUT": _Machine._put,
    "LONG_BINPUT": _Machine._put,
    "MEMOIZE": _Machine._memoize,
    "GLOBAL": _Machine._global,
    "STACK_GLOBAL": _Machine._stack_global,
    "BINPERSID": _Machine._persistent,
    "REDUCE": _Machine._reduce,
    "NEWOBJ": _Machine._newobj,
    "BUILD": _Machine._build,
}
