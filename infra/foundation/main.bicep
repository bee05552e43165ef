metadata description = 'What lasts: network, storage, identities and what they may do, registry, vault, logs, alerts, environment. Needs the right to assign roles.'
targetScope = 'subscription'

import { namesOf } from '../names.bicep'

@description('Short name of the environment, such as dev or prod.')
@minLength(2)
@maxLength(12)
param environmentName string

@description('Region of all resources.')
param location string

@description('Zone-redundant storage and environment. Off only where the region has no zones.')
param zones bool = true

@description('Days for which deleted contents can be brought back.')
param blobRetentionDays int = 14

@description('Days that logs are kept.')
param logRetentionDays int = 30

@description('Who is told of alerts: a mailbox that this service does not deliver to.')
param alertEmail string

@description('Silos that should run; an alert counts them.')
@minValue(1)
@maxValue(20)
param siloCount int

@description('What a month may cost, in the currency of the subscription; whoever gets alerts is told when it will cost more. 0: no budget. See the arithmetic in infra/README.md.')
@minValue(0)
param monthlyBudget int = 0

@description('First day of the month in which the budget is made, such as 2027-01-01, and then for ever: Azure takes no day of an earlier month, and none other later.')
param budgetFrom string = ''

@description('Where the runbooks are read.')
param runbooks string = 'https://github.com/orleans-mail/orleans-mail/blob/main/docs/runbooks'

var names = namesOf(environmentName, uniqueString(subscription().subscriptionId, environmentName))
var tags = { 'azd-env-name': environmentName }

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: names.resourceGroup
  location: location
  tags: tags
}

module observability '../modules/observability.bicep' = {
  scope: group
  params: {
    name: names.logs
    location: location
    tags: tags
    retentionDays: logRetentionDays
  }
}

module network '../modules/network.bicep' = {
  scope: group
  params: {
    networkName: names.network
    natGatewayName: names.natGateway
    outboundAddressName: names.outboundAddress
    location: location
    tags: tags
    zone: zones ? '1' : ''
  }
}

module storage '../modules/storage.bicep' = {
  scope: group
  params: {
    name: names.storage
    location: location
    tags: tags
    sku: zones ? 'Standard_ZRS' : 'Standard_LRS'
    blobRetentionDays: blobRetentionDays
    logsId: observability.outputs.id
  }
}

module registry '../modules/registry.bicep' = {
  scope: group
  params: {
    name: names.registry
    location: location
    tags: tags
    sku: 'Standard'
    logsId: observability.outputs.id
  }
}

module vault '../modules/vault.bicep' = {
  scope: group
  params: {
    name: names.vault
    location: location
    tags: tags
    logsId: observability.outputs.id
  }
}

module tableEndpoint '../modules/endpoint.bicep' = {
  scope: group
  params: {
    name: 'pe-table-${environmentName}'
    location: location
    tags: tags
    targetId: storage.outputs.id
    group: 'table'
    zoneName: 'privatelink.table.${az.environment().suffixes.storage}'
    networkId: network.outputs.networkId
    subnetId: network.outputs.endpointsSubnetId
  }
}

module blobEndpoint '../modules/endpoint.bicep' = {
  scope: group
  params: {
    name: 'pe-blob-${environmentName}'
    location: location
    tags: tags
    targetId: storage.outputs.id
    group: 'blob'
    zoneName: 'privatelink.blob.${az.environment().suffixes.storage}'
    networkId: network.outputs.networkId
    subnetId: network.outputs.endpointsSubnetId
  }
}

module vaultEndpoint '../modules/endpoint.bicep' = {
  scope: group
  params: {
    name: 'pe-vault-${environmentName}'
    location: location
    tags: tags
    targetId: vault.outputs.id
    group: 'vault'
    zoneName: 'privatelink.vaultcore.azure.net'
    networkId: network.outputs.networkId
    subnetId: network.outputs.endpointsSubnetId
  }
}

module identities '../modules/identity.bicep' = {
  scope: group
  params: {
    siloIdentityName: names.siloIdentity
    apiIdentityName: names.apiIdentity
    location: location
    tags: tags
    storageName: names.storage
    registryName: names.registry
    vaultName: names.vault
  }
  dependsOn: [storage, registry, vault]
}

module environment '../modules/environment.bicep' = {
  scope: group
  params: {
    name: names.environment
    location: location
    tags: tags
    subnetId: network.outputs.appsSubnetId
    zoneRedundant: zones
    logsId: observability.outputs.id
  }
}

module zone '../modules/zone.bicep' = {
  scope: group
  params: {
    // Only Azure knows the domain: a what-if shows the zone without its name.
    #disable-next-line what-if-short-circuiting
    domain: environment.outputs.domain
    address: environment.outputs.staticIp
    networkId: network.outputs.networkId
    tags: tags
  }
}

module alerts '../modules/alerts.bicep' = {
  scope: group
  params: {
    actionGroupName: names.alerts
    location: location
    tags: tags
    logsId: observability.outputs.id
    email: alertEmail
    siloCount: siloCount
    runbooks: runbooks
  }
}

module budget '../modules/budget.bicep' = if (monthlyBudget > 0) {
  scope: group
  params: {
    amount: monthlyBudget
    from: budgetFrom
    email: alertEmail
  }
}

output AZURE_RESOURCE_GROUP string = names.resourceGroup
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = registry.outputs.loginServer
output AZURE_KEY_VAULT_NAME string = names.vault
output OUTBOUND_ADDRESS string = network.outputs.outboundAddress
