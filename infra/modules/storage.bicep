metadata description = 'Storage: messages, settings, reminders and membership in tables, large contents in blobs. No shared keys, no public network.'

param name string
param location string
param tags object

@description('Zone-redundant unless the region has no zones.')
@allowed(['Standard_ZRS', 'Standard_LRS', 'Standard_GZRS'])
param sku string

@description('Days for which a deleted blob can be brought back. Contents of ended messages are deleted: this is also how long they can still be read by an administrator.')
@minValue(1)
@maxValue(365)
param blobRetentionDays int
param logsId string

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    publicNetworkAccess: 'Disabled'
    supportsHttpsTrafficOnly: true
    networkAcls: {
      bypass: 'None'
      defaultAction: 'Deny'
    }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      deleteRetentionPolicy: {
        enabled: true
        days: blobRetentionDays
      }
      containerDeleteRetentionPolicy: {
        enabled: true
        days: blobRetentionDays
      }
    }
  }

  resource tables 'tableServices' = { name: 'default' }
}

resource blobDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'logs'
  scope: account::blobs
  properties: {
    workspaceId: logsId
    logs: [{ category: 'StorageDelete', enabled: true }]
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

resource tableDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'logs'
  scope: account::tables
  properties: {
    workspaceId: logsId
    logs: [{ category: 'StorageDelete', enabled: false }]
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

output id string = account.id
output tableEndpoint string = account.properties.primaryEndpoints.table
output blobEndpoint string = account.properties.primaryEndpoints.blob
