import { authRoutes } from "./auth-routes.ts";
import { backupRoutes } from "./backup-routes.ts";
import { controlRoutes } from "./control-routes.ts";
import { documentRoutes } from "./document-routes.ts";
import { executionRoutes } from "./execution-routes.ts";
import { fileRoutes } from "./file-routes.ts";
import { healthRoutes } from "./health-routes.ts";
import { inputRoutes } from "./input-routes.ts";
import { masterRoutes } from "./master-routes.ts";
import type { Route, WebSocketRoute } from "./route.ts";
import { slaveRoutes } from "./slave-routes.ts";
import { streamRoutes } from "./stream-routes.ts";
import { workflowRoutes } from "./workflow-routes.ts";

/** Every call of the API by its name, in the order of documents. */
export const routes: Readonly<Record<string, Route | WebSocketRoute>> = {
  ...workflowRoutes,
  ...executionRoutes,
  ...controlRoutes,
  ...inputRoutes,
  ...fileRoutes,
  ...streamRoutes,
  ...slaveRoutes,
  ...masterRoutes,
  ...backupRoutes,
  ...authRoutes,
  ...healthRoutes,
  ...documentRoutes,
};
