import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { typePerCall } from './type-per-call.ts';

test('classes made by what runs again and again', () => {
  expectMarkedLines(
    typePerCall,
    `
import collections
import enum
from dataclasses import make_dataclass
from pydantic import TypeAdapter, create_model

@app.post("/rows")
def handle(payload):
    Row = collections.namedtuple("Row", payload)  # <- finds medium
    Model = create_model("Model", **payload)  # <- finds medium
    Kind = enum.Enum("Kind", payload)  # <- finds medium
    Data = make_dataclass("Data", payload)  # <- finds medium
    TypeAdapter(list[Model]).validate_python(payload)  # <- finds medium
    return helper(Row)

def helper(base):
    return type("Derived", (base,), {})  # <- finds medium

def factory(base):
    return type("Derived", (base,), {})  # <- finds low
`,
  );
});

test('a generic class of a type variable, passed as a type', () => {
  expectMarkedLines(
    typePerCall,
    `
from typing import TypeVar
from .types import Page, FormatT
T = TypeVar("T")
Alias = Page[T]

def parse(value, kind) -> Page[T]:
    page: Page[T] = cast(Page[T], value)
    construct(type_=Page[str], value=value)
    construct(type_=Page[kind], value=value)
    construct(type_=Page[FormatT], value=value)  # <- finds medium
    return construct(
        type_=Page[T],  # <- finds medium
        value=value,
    )
`,
  );
});

test('class statements that hold the object whose method runs them', () => {
  expectMarkedLines(
    typePerCall,
    `
class Request:
    def definition(self):
        class Definition:  # <- finds medium
            cached = (self, [0], None)
        return Definition
    def handler(self):
        class Handler(Base):
            kind = "x"
            def get(self):
                return self
        return Handler
def plain(self):
    class Definition:
        cached = self
    return Definition
`,
  );
});

test('classes made once, kept, or made while a class is created are fine', () => {
  expectMarkedLines(
    typePerCall,
    `
from collections import namedtuple
from enum import Enum
from functools import cache
from pydantic import TypeAdapter, create_model

Row = namedtuple("Row", "a b")
ADAPTER = TypeAdapter(list[int])
_classes = {}

@app.get("/x")
def handler(request, kind):
    global Lazy
    type(request)
    Enum(kind)
    if kind not in _classes:
        made = type("X", (), {})
        _classes[kind] = made
    _classes[kind] = create_model("Y")
    request.cls = type("Z", (), {})
    Lazy = namedtuple("Lazy", "a")
    model(kind)

@cache
def model(name):
    return create_model(name)

class Meta(type):
    def __new__(mcs, name, bases, namespace):
        return type(name, bases, namespace)
class Base:
    def __init_subclass__(cls):
        cls.Row = namedtuple("Row", "a")
        local = namedtuple("Row", "a")
`,
  );
});
