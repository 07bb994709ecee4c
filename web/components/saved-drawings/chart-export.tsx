// Saves a drawing: as SVG as it is drawn, or as PNG at twice its size.

import type { JSX } from 'preact';

export function ChartExport({ name, svg }: { name: string; svg: () => string }): JSX.Element {
  return (
    <span class="chart-export">
      <button
        type="button"
        class="button quiet"
        aria-label={`save as SVG: ${name}`}
        onClick={() => saveSvg(name, svg())}
      >
        SVG
      </button>
      <button
        type="button"
        class="button quiet"
        aria-label={`save as PNG: ${name}`}
        onClick={() => void savePng(name, svg())}
      >
        PNG
      </button>
    </span>
  );
}

const SCALE = 2;

function saveSvg(name: string, svg: string): void {
  save(name, 'svg', new Blob([svg], { type: 'image/svg+xml' }));
}

async function savePng(name: string, svg: string): Promise<void> {
  const image = new Image();
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    image.src = address;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.width * SCALE;
    canvas.height = image.height * SCALE;
    canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
    if (blob !== null) save(name, 'png', blob);
  } finally {
    URL.revokeObjectURL(address);
  }
}

function save(name: string, extension: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = `${name.replaceAll(/[^\p{L}\p{N}]+/gu, '-').slice(0, 60)}.${extension}`;
  link.click();
  // The download has begun by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
