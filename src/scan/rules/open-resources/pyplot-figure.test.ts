import { expect, test } from 'vitest';
import { expectMarkedLines, fixed } from '../../../../test/support/scan-cases.ts';
import { pyplotFigure } from './pyplot-figure.ts';

test('finds figures made in loops, handlers and functions that save them', () => {
  expectMarkedLines(
    pyplotFigure,
    `
import matplotlib.pyplot as plt
from matplotlib import pyplot

def in_loop(series):
    for name, values in series:
        plt.figure(figsize=(3, 4))  # <- finds high
        plt.plot(values)
        plt.savefig(name)

def saved(values, path):
    fig, ax = plt.subplots(2)  # <- finds medium
    ax.plot(values)
    fig.savefig(path)

@app.route("/chart")
def chart(request):
    fig = pyplot.figure()  # <- finds high
    fig.savefig("out.png")
    return "out.png"
`,
  );
});

test('says nothing of figures that are closed, shown, returned, kept or found again', () => {
  expectMarkedLines(
    pyplotFigure,
    `
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

def closed(series):
    for name in series:
        fig, ax = plt.subplots()
        fig.savefig(name)
        plt.close(fig)

def shown(values):
    for value in values:
        plt.figure()
    plt.show()

def returned(values):
    fig = plt.figure()
    fig.savefig("a")
    return fig

def both(values):
    fig, ax = plt.subplots()
    return fig, ax

def kept(self, values):
    self.fig = plt.figure()
    self.fig.savefig("a")

def passed(values):
    for value in values:
        fig = plt.figure()
        write_and_close(fig)

def again(series):
    for name in series:
        plt.figure(1)
        plt.figure("main")
        plt.subplots(num=3, clear=True)
        plt.savefig(name)

def free(series):
    for name in series:
        figure = Figure()
        figure.savefig(name)

def drawn(values):
    plt.figure()
    plt.plot(values)
    plt.savefig("x")

def draws_all(all):
    for values in all:
        drawn(values)
        plt.close("all")

plt.figure()
plt.savefig("module.png")
`,
  );
});

test('the fix closes the figure at the end of the block', () => {
  expect(fixed(pyplotFigure, pyplotFigure.doc.example.leaks)).toBe(pyplotFigure.doc.example.fine);
  const unnamed = '\nimport pylab\nfor n in names:\n\tpylab.figure()\n\tpylab.savefig(n)  # here';
  expect(fixed(pyplotFigure, unnamed)).toBe(`${unnamed}\n\tpylab.close()\n`);
  const direct = 'from matplotlib.pyplot import figure\nfor n in names:\n    f = figure()\n    f.savefig(n)\n';
  expect(fixed(pyplotFigure, direct)).toBeUndefined();
});
