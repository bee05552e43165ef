metadata description = 'One silo: a container app with exactly one replica, at ports of its own on the environment\'s address.'

import { Delivery, DkimKey, Relay, Setting, Size } from '../types.bicep'

param name string
param location string
param tags object
param environmentName string
param identityName string
param storageName string
param registryServer string
param vaultName string

@description('Image of the silo by digest, such as registry/orleans-mail-silo@sha256:…')
param image string

@description('Port of the environment\'s address that other silos call.')
param siloPort int

@description('Port of the environment\'s address that clients call.')
param gatewayPort int
param clusterId string
param size Size
param delivery Delivery
param relay Relay?

@description('Mounted as files below /secrets.')
param dkimKeys DkimKey[]

@description('Whether silos start with all deliveries suspended.')
param suspendOnStart bool
param settings Setting[]

// What the container listens on is the same everywhere; what is told to others is not.
var listen = {
  silo: 11111
  gateway: 30000
  http: 8025
}

var sizes = {
  small: { cpu: '1.0', memory: '2Gi' }
  medium: { cpu: '2.0', memory: '4Gi' }
  large: { cpu: '4.0', memory: '8Gi' }
}

resource environment 'Microsoft.App/managedEnvironments@2025-01-01' existing = { name: environmentName }
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = { name: identityName }
resource account 'Microsoft.Storage/storageAccounts@2024-01-01' existing = { name: storageName }

var secretsUri = 'https://${vaultName}${az.environment().suffixes.keyvaultDns}/secrets'

var relaySecrets = empty(relay.?passwordSecret) ? [] : [
  {
    name: 'relay-password'
    keyVaultUrl: '${secretsUri}/${relay!.passwordSecret!}'
    identity: identity.id
  }
]

var dkimSecrets = [
  for key in dkimKeys: {
    name: toLower(key.secret)
    keyVaultUrl: '${secretsUri}/${key.secret}'
    identity: identity.id
  }
]

var dkimFiles = [for key in dkimKeys: { secretRef: toLower(key.secret), path: key.secret }]

var dkimSettings = [
  for (key, i) in dkimKeys: [
    { name: 'OrleansMail__Dkim__Signings__${i}__Domain', value: key.domain }
    { name: 'OrleansMail__Dkim__Signings__${i}__Selector', value: key.selector }
    { name: 'OrleansMail__Dkim__Signings__${i}__KeyFile', value: '/secrets/${key.secret}' }
  ]
]

var relaySettings = relay == null ? [] : concat([
  { name: 'OrleansMail__Routing__Relays__main__Host', value: relay!.host }
  { name: 'OrleansMail__Routing__Relays__main__Port', value: string(relay!.port) }
  { name: 'OrleansMail__Routing__Rules__0__Route', value: 'main' }
], empty(relay.?user) ? [] : [
  { name: 'OrleansMail__Routing__Relays__main__User', value: relay!.user! }
], empty(relay.?passwordSecret) ? [] : [
  { name: 'OrleansMail__Routing__Relays__main__Password', secretRef: 'relay-password' }
])

resource silo 'Microsoft.App/containerApps@2025-01-01' = {
  name: name
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    environmentId: environment.id
    workloadProfileName: 'Consumption'
    configuration: {
      // Two revisions at one address would be two silos that take each other for one.
      activeRevisionsMode: 'Single'
      maxInactiveRevisions: 2
      identitySettings: [
        {
          identity: identity.id
          lifecycle: 'Main'
        }
      ]
      registries: [
        {
          server: registryServer
          identity: identity.id
        }
      ]
      secrets: concat(relaySecrets, dkimSecrets)
      ingress: {
        // Of an internal environment: the network, not the world.
        external: true
        transport: 'tcp'
        targetPort: listen.silo
        exposedPort: siloPort
        additionalPortMappings: [
          {
            external: true
            targetPort: listen.gateway
            exposedPort: gatewayPort
          }
        ]
      }
    }
    template: {
      // More than the host takes for its stop, which is more than sessions get for their last message.
      terminationGracePeriodSeconds: 90
      scale: {
        minReplicas: 1
        maxReplicas: 1
      }
      volumes: empty(dkimKeys) ? [] : [
        {
          name: 'secrets'
          storageType: 'Secret'
          secrets: dkimFiles
        }
      ]
      containers: [
        {
          name: 'silo'
          image: image
          resources: {
            cpu: json(sizes[size].cpu)
            memory: sizes[size].memory
          }
          volumeMounts: empty(dkimKeys) ? [] : [{ volumeName: 'secrets', mountPath: '/secrets' }]
          env: concat([
            { name: 'Urls', value: 'http://0.0.0.0:${listen.http}' }
            { name: 'Logging__Console__FormatterName', value: 'json' }
            { name: 'Orleans__ClusterId', value: clusterId }
            { name: 'Orleans__ServiceId', value: 'orleans-mail' }
            { name: 'Orleans__Endpoints__AdvertisedIPAddress', value: environment.properties.staticIp }
            { name: 'Orleans__Endpoints__SiloPort', value: string(siloPort) }
            { name: 'Orleans__Endpoints__GatewayPort', value: string(gatewayPort) }
            { name: 'Orleans__Endpoints__SiloListeningEndpoint', value: '0.0.0.0:${listen.silo}' }
            { name: 'Orleans__Endpoints__GatewayListeningEndpoint', value: '0.0.0.0:${listen.gateway}' }
            { name: 'OrleansMail__Silo__Storage', value: 'Azure' }
            { name: 'OrleansMail__Silo__ShutdownTimeout', value: '00:01:15' }
            { name: 'OrleansMail__AzureSpool__TableEndpoint', value: account.properties.primaryEndpoints.table }
            { name: 'OrleansMail__AzureSpool__BlobEndpoint', value: account.properties.primaryEndpoints.blob }
            { name: 'OrleansMail__AzureSpool__ManagedIdentityClientId', value: identity.properties.clientId }
            { name: 'OrleansMail__Delivery__Mode', value: delivery.mode }
          ], delivery.mode == 'Redirect' ? [
            { name: 'OrleansMail__Delivery__RedirectTo', value: delivery.?redirectTo ?? '' }
          ] : [], suspendOnStart ? [
            { name: 'OrleansMail__Control__SuspendOnStart', value: 'true' }
          ] : [], relaySettings, flatten(dkimSettings), settings)
          probes: [
            {
              // Joined the cluster, and its shards are open.
              type: 'Startup'
              httpGet: { path: '/health/startup', port: listen.http }
              periodSeconds: 5
              failureThreshold: 60
            }
            {
              // Takes submissions now.
              type: 'Readiness'
              httpGet: { path: '/health/ready', port: listen.http }
              periodSeconds: 10
              failureThreshold: 3
            }
            {
              // Makes progress by itself. Never asks storage: a restart would not mend that.
              type: 'Liveness'
              httpGet: { path: '/health/live', port: listen.http }
              periodSeconds: 10
              timeoutSeconds: 15
              failureThreshold: 6
            }
          ]
        }
      ]
    }
  }
}

output name string = silo.name
