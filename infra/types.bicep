@export()
@description('What becomes of mail. Capture: delivered to a receiver inside the silo, nothing leaves. Redirect: all mail goes to one address. Live: to its recipients.')
type Delivery = {
  mode: 'Capture' | 'Redirect' | 'Simulate' | 'Live'

  @description('With Redirect: the address.')
  redirectTo: string?
}

@export()
@description('The host that takes all mail. Container Apps lets nothing out to port 25, so mail goes to a relay on another port (587, or 2525): see docs/relays.md.')
type Relay = {
  host: string
  port: int

  @description('User name at the relay; none where it knows us by address.')
  user: string?

  @description('Name of the secret in the vault that holds the password.')
  passwordSecret: string?
}

@export()
@description('A setting of the silos beyond those of the templates, by its name as an environment variable, such as OrleansMail__Sites__MaxSessions. Never a secret.')
type Setting = {
  name: string
  value: string
}

@export()
@description('A DKIM key: which domain signs with it, under which selector, and the name of the secret in the vault that holds it in PEM.')
type DkimKey = {
  domain: string
  selector: string
  secret: string
}

@export()
@description('Cores and memory of a silo: 1 and 2 GiB, 2 and 4, 4 and 8. Server GC wants two cores or more.')
type Size = 'small' | 'medium' | 'large'
