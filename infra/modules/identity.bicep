metadata description = 'Identities of the apps, and what each may do: the only privileged part. Whoever deploys apps later needs no right to assign roles.'

param siloIdentityName string
param apiIdentityName string
param location string
param tags object
param storageName string
param registryName string
param vaultName string

var roles = {
  tableContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  tableReader: '76199698-9eea-4c19-bc75-cec21354c6b6'
  blobContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  imagePull: '7f951dda-4ed3-4680-a7ca-43fe172d538d'
  secretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
}

resource siloIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: siloIdentityName
  location: location
  tags: tags
}

resource apiIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: apiIdentityName
  location: location
  tags: tags
}

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: storageName
  resource tables 'tableServices' existing = { name: 'default' }
  resource blobs 'blobServices' existing = { name: 'default' }
}

resource registry 'Microsoft.ContainerRegistry/registries@2023-11-01-preview' existing = { name: registryName }

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = { name: vaultName }

resource siloTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::tables.id, siloIdentity.id, roles.tableContributor)
  scope: account::tables
  properties: {
    principalId: siloIdentity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableContributor)
  }
}

resource siloBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::blobs.id, siloIdentity.id, roles.blobContributor)
  scope: account::blobs
  properties: {
    principalId: siloIdentity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobContributor)
  }
}

// Only to find the silos: the api holds no mail.
resource apiTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account::tables.id, apiIdentity.id, roles.tableReader)
  scope: account::tables
  properties: {
    principalId: apiIdentity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableReader)
  }
}

resource siloImages 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, siloIdentity.id, roles.imagePull)
  scope: registry
  properties: {
    principalId: siloIdentity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.imagePull)
  }
}

resource apiImages 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, apiIdentity.id, roles.imagePull)
  scope: registry
  properties: {
    principalId: apiIdentity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.imagePull)
  }
}

// DKIM keys and relay credentials; the api has no use for them.
resource siloSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, siloIdentity.id, roles.secretsUser)
  scope: vault
  properties: {
    principalId: siloIdentity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.secretsUser)
  }
}
