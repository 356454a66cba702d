// The page and the document are served by the same API, below the same base path.
"use strict";
window.ui = SwaggerUIBundle({
  url: "v1/openapi.json",
  dom_id: "#reference",
  presets: [SwaggerUIBundle.presets.apis],
  // Links to one operation: /docs#/auth/auth-login.
  deepLinking: true,
  // A search field over the areas' names.
  filter: true,
  displayOperationId: true,
  displayRequestDuration: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  // A token stays in this page's memory only.
  persistAuthorization: false,
  requestSnippetsEnabled: true,
  // No request goes to another server.
  validatorUrl: null,
});
