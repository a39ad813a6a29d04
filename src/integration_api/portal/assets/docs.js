// Starts the API reference on this host's own contract, in the language of the page. No validator, no foreign request.
window.ui = SwaggerUIBundle({
  url: `/v1/openapi.json?lang=${document.documentElement.lang}`,
  dom_id: "#reference",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "none", // the page stops drawing when some 135 operations are open at once
  filter: true,
  persistAuthorization: false,
  syntaxHighlight: { activated: false },
  tagsSorter: undefined,
  validatorUrl: null,
});
