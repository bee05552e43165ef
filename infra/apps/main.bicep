metadata description = 'What is replaced: silos and the api. Needs no right to assign roles.'
targetScope = 'subscription'

import { namesOf } from '../names.bicep'
import { Delivery, DkimKey, Relay, Setting, Size } from '../types.bicep'

@description('Short name of the environment, as in the foundation.')
@minLength(2)
@maxLength(12)
param environmentName string

@description('Region of all resources.')
param location string

@description('Silos of the present generation.')
@minValue(1)
@maxValue(20)
param siloCount int

@description('Which set of silos is kept. An upgrade makes those of the other generation, one by one, and removes these: a silo is never replaced in its place, since two revisions at one address would take each other\'s calls.')
@allowed(['a', 'b'])
param generation string = 'a'

@description('Cores and memory of a silo.')
param siloSize Size = 'medium'

@description('Image of the silo by digest, such as registry/orleans-mail-silo@sha256:…')
param siloImage string

@description('Image of the api by digest.')
param apiImage string

@description('Client id of the app registration whose tokens the api takes.')
param entraClientId string

@description('What becomes of mail. Capture until you say otherwise: nothing leaves.')
param delivery Delivery = { mode: 'Capture' }

@description('The relay that takes the mail of mode Live and Redirect. Container Apps lets nothing out to port 25, so without a relay such mail waits for ever.')
param relay Relay?

@description('DKIM keys. The keys themselves lie in the vault.')
param dkimKeys DkimKey[] = []

@description('Whether silos start with all deliveries suspended: after a restore, see docs/runbooks/restore.md.')
param suspendOnStart bool = false

@description('Further settings of the silos.')
param settings Setting[] = []

@description('Replicas of the api.')
param apiReplicas { min: int, max: int } = { min: 1, max: 4 }

var names = namesOf(environmentName, uniqueString(subscription().subscriptionId, environmentName))
var tags = { 'azd-env-name': environmentName }
var registryServer = '${names.registry}.azurecr.io'

// Two generations side by side never share a port.
var firstPort = generation == 'a' ? { silo: 11111, gateway: 30000 } : { silo: 11211, gateway: 30100 }

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' existing = { name: names.resourceGroup }

module silos '../modules/silo.bicep' = [
  for i in range(0, siloCount): {
    name: 'silo-${generation}${i}'
    scope: group
    params: {
      name: '${names.silo}-${generation}${i}'
      location: location
      tags: union(tags, { 'mail-generation': generation })
      environmentName: names.environment
      identityName: names.siloIdentity
      storageName: names.storage
      registryServer: registryServer
      vaultName: names.vault
      image: siloImage
      siloPort: firstPort.silo + i
      gatewayPort: firstPort.gateway + i
      clusterId: 'orleans-mail-${environmentName}'
      size: siloSize
      delivery: delivery
      relay: relay
      dkimKeys: dkimKeys
      suspendOnStart: suspendOnStart
      settings: settings
    }
  }
]

module api '../modules/api.bicep' = {
  scope: group
  params: {
    name: names.api
    location: location
    tags: tags
    environmentName: names.environment
    identityName: names.apiIdentity
    storageName: names.storage
    registryServer: registryServer
    image: apiImage
    clusterId: 'orleans-mail-${environmentName}'
    entraClientId: entraClientId
    minReplicas: apiReplicas.min
    maxReplicas: apiReplicas.max
  }
}

output API_ADDRESS string = api.outputs.address
output SILOS string[] = [for i in range(0, siloCount): silos[i].outputs.name]
