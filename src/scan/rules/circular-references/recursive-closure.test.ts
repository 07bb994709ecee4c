import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { recursiveClosure } from './recursive-closure.ts';

test('functions that refer to each other, and ones that refer to themselves', () => {
  expectMarkedLines(
    recursiveClosure,
    `
def mutual(root):
    def a(node):  # <- finds medium
        return b(node)
    def b(node):
        return a(node.next) if root else None
    return a(root)

def three(root):
    def a(node):  # <- finds medium
        return b(node)
    def b(node):
        return [c(child) for child in node]
    def c(node):
        return a(node)
    return a(root)

def heavy(root, seen):
    def visit(node):  # <- finds medium
        seen.add(node)
        visit(node.next)
    visit(root)

def alone(root):
    def visit(node):  # <- finds low
        for child in node:
            visit(child)
    visit(root)

@app.route('/tree')
def handler(request):
    def a(node):  # <- finds high
        return b(node, request)
    def b(node, request):
        return a(node, request)
    def visit(node):  # <- finds medium
        map(lambda child: visit(child), node, request)
    visit(a(request.node))
    def small(node):  # <- finds low
        small(node.next)
    small(request.node)

class Walker:
    def walk(self, root):
        def visit(node):  # <- finds low
            def each():
                visit(node.next)
            each()
        visit(root)
`,
  );
});

test('what refers one way, is handed out, rebound, or only spelled the same is fine', () => {
  expectMarkedLines(
    recursiveClosure,
    `
def one_way(root):
    def a(node):
        return node
    def b(node):
        return a(node)
    return b(root)

def decorator(function):
    def wrapper(*args):
        wrapper.calls += 1
        return function(*args)
    wrapper.calls = 0
    return wrapper

def registered(app):
    @app.callback
    def tick():
        app.later(tick)

def table():
    def visit(node):
        return visit(node.next)
    return {'visit': visit}

def released(root):
    def visit(node):
        visit(node.next)
    try:
        visit(root)
    finally:
        del visit

def shadowed(root):
    def visit(node):
        visit = node.visit
        visit()
    def other(other):
        other()
    def method(node):
        node.method()
    visit(root)
    other(root)
    method(root)

def default(root):
    def visit(node, name='visit'):
        return node
    visit(root)

def visit(node):
    return visit(node.next)

class Visitor:
    def visit(self, node):
        self.visit(node.next)
`,
  );
});
