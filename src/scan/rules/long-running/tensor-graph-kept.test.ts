import { expect, test } from 'vitest';
import { expectMarkedLines, fixed } from '../../../../test/support/scan-cases.ts';
import { tensorGraphKept } from './tensor-graph-kept.ts';

test('losses added up or collected in the loop that computes them', () => {
  expectMarkedLines(
    tensorGraphKept,
    `
for batch in batches:
    loss = model(batch)
    total += loss  # <- finds high
    loss.backward()
    mean += loss / len(batches)  # <- finds high
    total = total + loss * batch.size  # <- finds high
    losses.append(loss)  # <- finds medium
    self.history.append((step, loss))  # <- finds medium
while True:
    err = model(batch)
    scaler.scale(err).backward()
    self.sum += err  # <- finds high
    out = model(batch)
    accelerator.backward(out)
    outs.append(out)  # <- finds medium
`,
  );
});

test('numbers, detached tensors, and sums that are differentiated themselves are fine', () => {
  expectMarkedLines(
    tensorGraphKept,
    `
for batch in batches:
    loss = model(batch)
    loss.backward()
    total += loss.item()
    total += float(loss)
    total += loss.detach() * 2
    losses.append(loss.data)
    losses.append(loss.item())
    log["loss"] = loss
    loss = loss.item()
    losses.append(loss)
loss = model(batch)
loss.backward()
losses.append(loss)
for batch in batches:
    part = model(batch)
    parts.append(part)
for x in parts:
    combined = sum(parts)
    part.backward()
    parts.append(part)
    combined.backward()
for batch in batches:
    step = model(batch)
    whole += step
    step.backward(retain_graph=True)
    whole.backward()
`,
  );
});

test('fix: detached', () => {
  expect(
    fixed(tensorGraphKept, 'for x in y:\n    loss = f(x)\n    loss.backward()\n    total += loss * n  # sum\n'),
  ).toBe('for x in y:\n    loss = f(x)\n    loss.backward()\n    total += loss.detach() * n  # sum\n');
  expect(fixed(tensorGraphKept, 'for x in y:\n    loss = f(x)\n    loss.backward()\n    a.append((i, loss))\n')).toBe(
    'for x in y:\n    loss = f(x)\n    loss.backward()\n    a.append((i, loss.detach()))\n',
  );
});
