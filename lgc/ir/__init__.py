"""The intermediate representation: gates, netlist, circuit, text, interpreter. See docs/ir.md."""

from lgc.ir.builder import Builder
from lgc.ir.circuit import THERMOMETER, Circuit, Encoder, Head
from lgc.ir.features import CategoryCode, FeatureCode, FeatureCodes
from lgc.ir.gates import BY_NAME, BY_TABLE, GATES, Gate
from lgc.ir.inputs import Column, Inputs, Label, inputs_of
from lgc.ir.netlist import CONST0, CONST1, FIRST_INPUT, MAX_ARITY, Netlist, Origins
from lgc.ir.parse import parse_text
from lgc.ir.ports import port_names
from lgc.ir.text import to_text, write_lgn
from lgc.ir.verify import verify_circuit, verify_netlist

__all__ = [
    "BY_NAME",
    "BY_TABLE",
    "CONST0",
    "CONST1",
    "FIRST_INPUT",
    "GATES",
    "MAX_ARITY",
    "THERMOMETER",
    "Builder",
    "CategoryCode",
    "Circuit",
    "Column",
    "Encoder",
    "FeatureCode",
    "FeatureCodes",
    "Gate",
    "Head",
    "Inputs",
    "Label",
    "Netlist",
    "Origins",
    "inputs_of",
    "parse_text",
    "port_names",
    "to_text",
    "verify_circuit",
    "verify_netlist",
    "write_lgn",
]
