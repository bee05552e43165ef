metadata description = 'Alerts: queries over the QueueSnapshot record that each silo logs every minute. Each names its runbook.'

param actionGroupName string
param location string
param tags object
param logsId string

@description('Who is told. Use a mailbox that this service does not deliver to.')
param email string

@description('Silos that should run.')
param siloCount int

@description('Where the runbooks are read.')
param runbooks string

// All records: each says what its silo did in one minute, so that sums over them are what happened.
var snapshots = '''
ContainerAppConsoleLogs
| extend record = parse_json(Log)
| where tostring(record.Category) == "Orleans.Mail.Silo.Diagnostics.QueueSnapshot"
| extend state = record.State
| extend silo = tostring(state.Silo), live = tolong(state.Live), oldestDue = todouble(state.OldestDueSeconds), accepted = todouble(state.AcceptedPerMinute), delivered = todouble(state.DeliveredPerMinute), deferred = todouble(state.DeferredPerMinute), bounced = todouble(state.BouncedPerMinute), unknown = todouble(state.UnknownPerMinute), fault = tostring(state.SpoolFault)
'''

// Those about what is absent do not group: no rows in a group are no row, and no alert.
var rules = [
  {
    name: 'no-snapshot'
    title: 'No silo reports'
    severity: 0
    minutes: 10
    query: '${snapshots}| summarize value = count()'
    operator: 'LessThan'
    threshold: 1
  }
  {
    name: 'silo-missing'
    title: 'A silo is missing'
    severity: 1
    minutes: 15
    query: '${snapshots}| summarize value = dcount(silo)'
    operator: 'LessThan'
    threshold: siloCount
  }
  {
    name: 'mail-is-late'
    title: 'Mail is due and nobody delivers it'
    severity: 1
    minutes: 15
    query: '${snapshots}| summarize value = max(oldestDue)'
    operator: 'GreaterThan'
    threshold: 900
  }
  {
    name: 'nothing-is-delivered'
    title: 'Mail is accepted and none is delivered'
    severity: 1
    minutes: 15
    query: '${snapshots}| summarize accepted = sum(accepted), delivered = sum(delivered) | extend value = iff(accepted > 0 and delivered == 0, 1, 0) | project value'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'many-are-deferred'
    title: 'Receivers put off more than half of the attempts'
    severity: 2
    minutes: 30
    query: '${snapshots}| summarize deferred = sum(deferred), all = sum(deferred) + sum(delivered) | extend value = iff(all > 100, 100.0 * deferred / all, 0.0) | project value'
    operator: 'GreaterThan'
    threshold: 50
  }
  {
    name: 'many-bounce'
    title: 'More than a tenth of the recipients bounce'
    severity: 2
    minutes: 30
    query: '${snapshots}| summarize bounced = sum(bounced), all = sum(bounced) + sum(delivered) | extend value = iff(all > 100, 100.0 * bounced / all, 0.0) | project value'
    operator: 'GreaterThan'
    threshold: 10
  }
  {
    name: 'outcomes-in-doubt'
    title: 'Attempts end in doubt'
    severity: 2
    minutes: 30
    query: '${snapshots}| summarize value = sum(unknown)'
    operator: 'GreaterThan'
    threshold: 20
  }
  {
    name: 'storage-fault'
    title: 'A silo cannot store'
    severity: 1
    minutes: 10
    query: '${snapshots}| summarize value = countif(isnotempty(fault))'
    operator: 'GreaterThan'
    threshold: 0
  }
]

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'mail'
    enabled: true
    emailReceivers: [
      {
        name: 'operators'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: 'mail-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: rule.title
      description: '${runbooks}/${rule.name}.md'
      severity: rule.severity
      enabled: true
      scopes: [logsId]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT${rule.minutes}M'
      autoMitigate: true
      // The table is made by the first log line.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Maximum'
            metricMeasureColumn: 'value'
            operator: rule.operator
            threshold: rule.threshold
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: [group.id]
        customProperties: { runbook: '${runbooks}/${rule.name}.md' }
      }
    }
  }
]
