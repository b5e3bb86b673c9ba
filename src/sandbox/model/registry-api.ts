/** MLflow's own path for a registered model's alias. */
export const ALIAS_PATH = '/api/2.0/mlflow/registered-models/alias'
/** The alias that says which version is live. */
export const CHAMPION = 'champion'
