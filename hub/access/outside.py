"""Services outside the country that the hub calls only where the settings name them with a reason.

The hub knows well-known messengers, clouds and relays by their domains. It has no geography of addresses: a host that
stands on no list is not recognised, wherever it is; docs/PRIVACY.md says so.
"""

from collections.abc import Collection

DOMAINS = frozenset(
    """
    slack.com discord.com discordapp.com telegram.org t.me whatsapp.com whatsapp.net facebook.com messenger.com
    line.me line-apps.com viber.com signal.org matrix.org mattermost.cloud zulipchat.com larksuite.com webex.com
    zoom.us office.com office365.com outlook.com microsoft.com live.com azure.com windows.net azurewebsites.net
    powerplatform.com google.com googleapis.com googleusercontent.com cloudfunctions.net run.app appspot.com
    firebaseio.com web.app gmail.com amazonaws.com aws.dev on.aws cloudfront.net herokuapp.com fly.dev onrender.com
    railway.app vercel.app netlify.app workers.dev pages.dev cloudflare.com digitaloceanspaces.com
    ondigitalocean.app oraclecloud.com salesforce.com twilio.com sendgrid.com sendgrid.net mailgun.org mailgun.net
    vonage.com nexmo.com messagebird.com pagerduty.com opsgenie.com victorops.com splunkcloud.com datadoghq.com
    datadoghq.eu newrelic.com grafana.net sentry.io atlassian.com atlassian.net github.com githubusercontent.com
    gitlab.com x.com twitter.com pushover.net pushbullet.com pusher.com onesignal.com ntfy.sh ifttt.com zapier.com
    make.com pipedream.net webhook.site requestbin.com hookdeck.com ngrok.io ngrok.app ngrok.dev ngrok-free.app
    loca.lt trycloudflare.com
    """.split()  # noqa: SIM905 a list of domains reads better as text
)
"""Each with all names below it. amazonaws.com.cn, azure.cn, feishu.cn and the like are other domains."""


def is_outside(host: str, named: Collection[str]) -> bool:
    """Whether a host is a known service outside, and neither it nor a domain above it is `named` (in small letters)."""
    labels = host.rstrip(".").lower().split(".")
    domains = {".".join(labels[at:]) for at in range(len(labels))}
    return not domains.isdisjoint(DOMAINS) and domains.isdisjoint(named)
