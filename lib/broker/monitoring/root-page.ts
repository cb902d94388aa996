/** The page behind `/streaming`: links to the others. @internal */
export const rootPage = `<!doctype html>
<html lang="en">
  <head><title>STAN broker</title></head>
  <body>
    <h1>STAN broker</h1>
    <ul>
      <li><a href="./streaming/serverz">server</a></li>
      <li><a href="./streaming/storez">store</a></li>
      <li><a href="./streaming/clientsz">clients</a></li>
      <li><a href="./streaming/channelsz">channels</a></li>
    </ul>
  </body>
</html>
`;
