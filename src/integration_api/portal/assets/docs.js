// Starts the API reference on this host's own contract. No validator, no foreign request.
window.ui = SwaggerUIBundle({
  url: "/v1/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  filter: true,
  persistAuthorization: false,
  syntaxHighlight: { activated: false },
  tagsSorter: undefined,
  validatorUrl: null,
});
