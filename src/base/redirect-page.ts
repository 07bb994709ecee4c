// A page that leads on to an address by itself: for where no redirect of HTTP can, and no script may run. It names an empty
// icon, as browsers ask for one otherwise.

export function redirectPage(url: string): string {
  const address = url.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url=${address}">
<link rel="icon" href="data:,">
<title>leakscope</title>
<p><a href="${address}">Go on to leakscope</a></p>
</html>
`;
}
