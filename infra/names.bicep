// Every name follows from the environment's name, so that the two layers agree without handing names over, and a what-if shows them.

@export()
@description('Names of the resources of an environment.')
type Names = {
  resourceGroup: string
  network: string
  natGateway: string
  outboundAddress: string
  storage: string
  siloIdentity: string
  apiIdentity: string
  registry: string
  vault: string
  logs: string
  alerts: string
  environment: string
  silo: string
  api: string
}

@export()
@description('Names of an environment. The token keeps those apart that are global in Azure.')
func namesOf(environmentName string, token string) Names => {
  resourceGroup: 'rg-orleans-mail-${environmentName}'
  network: 'vnet-orleans-mail-${environmentName}'
  natGateway: 'ng-orleans-mail-${environmentName}'
  outboundAddress: 'pip-orleans-mail-${environmentName}'
  storage: 'stmail${token}'
  siloIdentity: 'id-mail-silo-${environmentName}'
  apiIdentity: 'id-mail-api-${environmentName}'
  registry: 'crmail${token}'
  vault: 'kv-mail-${token}'
  logs: 'log-orleans-mail-${environmentName}'
  alerts: 'ag-orleans-mail-${environmentName}'
  environment: 'cae-orleans-mail-${environmentName}'
  silo: 'ca-silo-${environmentName}'
  api: 'ca-api-${environmentName}'
}
