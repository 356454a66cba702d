// The page and the document are served by the same API, below the same base path.
"use strict";

// Keeps the operations whose path, name or text has every word of the search.
function search(taggedOperations, phrase) {
  const words = phrase.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (operation) => {
    const own = ["operationId", "summary", "description"].map((key) => operation.getIn(["operation", key]));
    const text = [operation.get("method"), operation.get("path"), ...own].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  };
  return taggedOperations
    .map((tag) => tag.update("operations", (operations) => operations.filter(matches)))
    .filter((tag) => tag.get("operations").size > 0);
}

window.ui = SwaggerUIBundle({
  url: "v1/openapi.json",
  dom_id: "#reference",
  presets: [SwaggerUIBundle.presets.apis],
  // Links to one operation: /docs#/auth/auth-login.
  deepLinking: true,
  filter: true,
  plugins: [{ fn: { opsFilter: search } }],
  onComplete: () => {
    document.querySelector(".operation-filter-input").placeholder = "Search paths, names and texts";
  },
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
