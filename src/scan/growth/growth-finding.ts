// Turns a growing container into a finding: how sure it is, on which facts of the project that hangs, what is shown.
// Three facts make it certain: the container lives on, the place that grows runs again and again, its keys never end.

import { walk } from '../../source/ast-walk.ts';
import type { Node } from '../../source/python-ast.ts';
import { type ClassInfo, enclosingFunction } from '../../source/source-index.ts';
import { ancestorsOf } from '../../source/type-inference.ts';
import type { Conditional, Confidence } from '../finding.ts';
import { isEndless } from '../lifetimes/repetition.ts';
import type { ReportedFinding } from '../rule.ts';
import { oncePerFile, type ScannedFile, textOf } from '../scanned-file.ts';
import type { GrowingContainer, Growth } from './growing-containers.ts';
import { isNameOfThing, isUnbounded } from './key-provenance.ts';

export interface GrowthReport {
  readonly message: string;
  readonly remedy: string;
  /** Whether the pattern alone is reason enough to look, where nothing is known of who runs it. */
  readonly isTelling: boolean;
  /** Whether the pattern itself says that the object lives on; its names decide when absent. */
  readonly isLasting?: boolean;
  /** Where to look; the place that grows when absent. */
  readonly node?: Node;
  readonly fix?: ReportedFinding['fix'];
}

/** Other places that grow, as evidence: more than a person reads at once helps nobody. */
const MAX_OTHERS = 3;

export function growthFinding(file: ScannedFile, growing: GrowingContainer, report: GrowthReport): ReportedFinding {
  const { container, growth, others } = growing;
  const node = report.node ?? growth.node;
  const made = container.target;
  const evidence = [
    ...(node === made ? [] : [{ node: made, text: 'made here' }]),
    ...(node === growth.node ? [] : [{ node: growth.node, text: 'grows here' }]),
    ...others.slice(0, MAX_OTHERS).map((other) => ({ node: other.node, text: 'grows here too' })),
  ];
  return {
    node,
    message: report.message,
    remedy: report.remedy,
    confidence: !isUnbounded(growth.provenance) ? 'low' : isNameOfThing(growth.provenance) ? 'medium' : 'high',
    evidence,
    conditions: conditionsOf(file, growing, report),
    subject: container.holder,
    ...(report.fix === undefined ? {} : { fix: report.fix }),
  };
}

function conditionsOf(file: ScannedFile, growing: GrowingContainer, report: GrowthReport): readonly Conditional[] {
  const { container, growth } = growing;
  const isTelling = report.isTelling && !isNameOfThing(growth.provenance);
  const { module } = file.source;
  const { form, name, cls } = container;
  const conditions: Conditional[] = [
    form === 'global'
      ? { condition: { kind: 'global is not shrunk elsewhere', module, name }, otherwise: 'drop' }
      : { condition: { kind: 'attribute is not shrunk elsewhere', name }, otherwise: 'drop' },
  ];
  const { qualname } = growth.function;
  if (!growth.isEndless) {
    conditions.push({
      condition: { kind: 'runs repeatedly', module, qualname },
      otherwise: isTelling ? 'medium' : 'low',
    });
  }
  const passed = passedPosition(growth);
  if (passed !== undefined) {
    conditions.push({ condition: { kind: 'argument varies', module, qualname, ...passed }, otherwise: 'low' });
  }
  if (form === 'instance attribute' && cls !== undefined && !livesLongByItself(file, cls)) {
    const otherwise: Confidence = isTelling && (report.isLasting ?? isLastingByName(growing)) ? 'medium' : 'low';
    conditions.push({ condition: { kind: 'lives long', module, className: cls.qualname }, otherwise });
  }
  return conditions;
}

/** The place, among the arguments of a call, of the parameter that the key is made from. */
function passedPosition({
  function: around,
  provenance,
}: Growth): { readonly position: number; readonly name: string } | undefined {
  const { parameter } = provenance;
  if (parameter === undefined || parameter.parent?.parent !== around.node) return undefined;
  const { args } = around.node;
  const at = [...args.posonlyargs, ...args.args].indexOf(parameter);
  const receivers = around.role === 'method' || around.role === 'class method' ? 1 : 0;
  return { position: at - receivers, name: parameter.arg };
}

const LONG_LIVED_BASES =
  /(?:^|\.)(?:Thread|Process|BaseServer|TCPServer|HTTPServer|\w*Middleware|Bot|AutoShardedBot|Cog|Plugin)$/;

/** Threads, servers, middleware, and objects that serve in a loop without end. */
function livesLongByItself(file: ScannedFile, cls: ClassInfo): boolean {
  for (const ancestor of ancestorsOf(file.index, cls)) {
    if (ancestor.node.bases.some((base) => LONG_LIVED_BASES.test(textOf(file, base)))) return true;
    for (const statement of ancestor.node.body) {
      if (statement.kind !== 'FunctionDef' && statement.kind !== 'AsyncFunctionDef') continue;
      const names = statement.args.args.map(({ arg }) => arg).join();
      if (statement.name === '__call__' && /^\w+,(?:scope,receive,send|environ,start_response)$/.test(names))
        return true;
    }
  }
  return servingClasses(file).has(cls);
}

/** Classes with a method that loops for as long as the process or its service lives. */
const servingClasses = oncePerFile((file): ReadonlySet<ClassInfo> => {
  const serving = new Set<ClassInfo>();
  walk(file.source.scopes.module.node, (node) => {
    if (!isEndless(file, node)) return;
    const method = enclosingFunction(file.source, node);
    if (method?.class !== undefined) serving.add(method.class);
  });
  return serving;
});

const LONG_LIVED_NAME =
  /(?:Manager|Executor|Registry|Pool|Bus|Cache|Store|Storage|Client|Server|Resolver|Jar|Broker|Dispatcher|Scheduler|Hub|Service|Worker|Daemon|Monitor|Tracker|Collector|Limiter|Throttle|Bot|App|Application|Middleware|Plugin|Addon|Consumer|Producer|Publisher|Watcher|Exporter|Database|Engine)$/;

/** Whether names say that the object serves for long, or that the container is meant to outlast the work of a moment. */
function isLastingByName({ container }: GrowingContainer): boolean {
  return /cache|memo/i.test(container.name) || LONG_LIVED_NAME.test(container.cls?.node.name ?? '');
}
