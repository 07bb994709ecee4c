// Memory map: where the resident memory is, part by part, and a picture of the allocators' memory, cell by cell.

import type { JSX } from 'preact';
import { formatBytes } from '../../src/base/units.ts';
import type { RssReport } from '../../src/diagnose/rss-report.ts';
import type { MemoryMapView } from '../../src/protocol/web/heap-views.ts';
import { PartsBar } from '../components/charts/parts-bar.tsx';
import { COLOURINGS, type MemoryColouring } from '../components/memory-map/memory-legend.ts';
import { MemoryPicture } from '../components/memory-map/memory-picture.tsx';
import { Section } from '../components/section.tsx';
import { Segments } from '../components/segments.tsx';
import { Answered, Empty } from '../components/states.tsx';
import { Term } from '../components/term.tsx';
import { useAnswer } from '../state/answer.ts';
import { withQuery } from '../state/api.ts';
import { linkTo, route, setParams } from '../state/route.ts';
import { currentSnapshot, snapshotPath } from '../state/workspace.ts';

/** Regions drawn at once. */
const REGIONS = 60;

export function MemoryView(): JSX.Element {
  const { only, by: asked, from = '' } = route.value.params;
  const offset = /^\d{1,6}$/.test(from) ? Number(from) : 0;
  const setOffset = (region: number): void => setParams({ from: region === 0 ? undefined : region });
  const by = COLOURINGS.find((one) => one === asked) ?? 'use';
  const hasMap = currentSnapshot.value?.has_memory_map === true;
  const rss = useAnswer<RssReport>(hasMap ? snapshotPath('rss') : undefined);
  const mapPath = hasMap ? snapshotPath('memory-map') : undefined;
  const map = useAnswer<MemoryMapView>(
    mapPath === undefined ? undefined : withQuery(mapPath, { offset, limit: REGIONS }),
  );
  if (!hasMap) {
    return (
      <Empty title="A .heap file holds objects, not the memory around them.">
        <p>
          <a href={linkTo('snapshots')}>Take a snapshot of a running process</a>, or open a core file:{' '}
          <code>leakscope capture PID -o app.core</code>
        </p>
      </Empty>
    );
  }
  return (
    <>
      <Answered answer={rss} what="measuring where the memory is">
        {({ conclusion, parts, rss_bytes, fragmentation }) => (
          <>
            <Section title={<Term of="RSS">Resident memory</Term>} note={formatBytes(rss_bytes)}>
              <p class="verdict-summary">{conclusion.text}</p>
              {conclusion.remedy === '' ? null : <p>{conclusion.remedy}</p>}
              <div class="below">
                <PartsBar title={`resident memory ${formatBytes(rss_bytes)}`} parts={parts} />
              </div>
              {conclusion.notes.length === 0 ? null : (
                <ul class="sentences">
                  {conclusion.notes.map((note) => (
                    <li key={note}>{note}</li>
                  ))}
                </ul>
              )}
            </Section>
            {fragmentation.pinned_by.length === 0 ? null : (
              <Section
                title={
                  <>
                    What pins nearly empty <Term of="arena">arenas</Term>
                  </>
                }
                note={`${formatBytes(fragmentation.sparse_free_bytes)} free in ${fragmentation.sparse_arenas} of them`}
              >
                <ul class="sentences">
                  {fragmentation.pinned_by.map((pin) => (
                    <li key={`${pin.type} ${pin.held_by}`}>
                      {pin.objects} <code>{pin.type}</code> held by {pin.held_by}, in {pin.arenas} arenas
                    </li>
                  ))}
                </ul>
              </Section>
            )}
          </>
        )}
      </Answered>
      <Section
        title="Picture"
        note="point at a cell to see what is in it, choose a name to see where it is"
        actions={
          <Segments<MemoryColouring>
            label="colour by"
            choices={COLOURINGS}
            chosen={by}
            onChoose={(choice) => setParams({ by: choice === 'use' ? undefined : choice, only: undefined })}
          />
        }
      >
        <Answered answer={map} what="drawing the memory">
          {(view) => (
            <>
              <MemoryPicture view={view} by={by} chosen={only} onChoose={(name) => setParams({ only: name })} />
              {view.region_count <= REGIONS && offset === 0 ? null : (
                <p class="below">
                  <button
                    type="button"
                    class="button"
                    disabled={offset === 0}
                    onClick={() => setOffset(Math.max(0, offset - REGIONS))}
                  >
                    Lower addresses
                  </button>{' '}
                  regions {offset + 1} to {Math.min(view.region_count, offset + REGIONS)} of {view.region_count}{' '}
                  <button
                    type="button"
                    class="button"
                    disabled={offset + REGIONS >= view.region_count}
                    onClick={() => setOffset(offset + REGIONS)}
                  >
                    Higher addresses
                  </button>
                </p>
              )}
            </>
          )}
        </Answered>
      </Section>
    </>
  );
}
