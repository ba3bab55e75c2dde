// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Credentials: certificates and post-quantum pre-shared keys, between the
 * configuration and the engine.
 */
#include <zebra.h>

#include "jhash.h"
#include "log.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_auth.h"
#include "mrkmd/mrkm_event.h"
#include "mrkmd/mrkm_psk.h"
#include "mrkmd/mrkm_revoke.h"

/* A file may have been replaced, or may be there at last. */
#define REFRESH_SECONDS 10

static struct {
	struct mrkm_trust trust;
	struct event *t_refresh;
	/* what was last logged of each, so that it is not every ten seconds */
	uint32_t own_logged[MRKM_CERTIFICATES_MAX];
	uint32_t others_logged;
} auth;

const struct mrkm_trust *mrkm_auth_trust(void)
{
	return &auth.trust;
}

static int64_t wall_clock(void)
{
	return time(NULL);
}

/* --------------------------------------------------------------- refreshing */

/* Is the line another than the last one? */
static bool news(uint32_t *logged, const char *line)
{
	uint32_t hash = line[0] ? jhash(line, strlen(line), 1) : 0;
	bool other = *logged != hash;

	*logged = hash;
	return other;
}

static void log_own(size_t n)
{
	const struct mrkm_own *own = &auth.trust.own[n];
	char line[MRKM_PROBLEM_SIZE], when[MRKM_TIME_TEXT];

	if (mrkm_trust_own_problem(&auth.trust, n, &mrkm.base.identity,
				   wall_clock(), line, sizeof(line))) {
		if (news(&auth.own_logged[n], line))
			zlog_err("mrkm: %s", line);
		return;
	}
	snprintf(line, sizeof(line), "certificate %s of \"%s\", valid until %s",
		 auth.trust.config.certificates[n].uri, own->info.subject,
		 mrkm_time_text(own->info.until, when));
	if (news(&auth.own_logged[n], line))
		zlog_info("mrkm: this router has the %s", line);
}

static void log_others(bool changed)
{
	const struct mrkm_trust_config *config = &auth.trust.config;
	char line[MRKM_PROBLEM_SIZE];

	if (!config->anchor_count && !config->crl_count)
		return;
	if (mrkm_trust_others_problem(&auth.trust, "", line, sizeof(line))) {
		if (news(&auth.others_logged, line))
			zlog_err("mrkm: %s", line);
		return;
	}
	auth.others_logged = 0;
	if (changed)
		zlog_info("mrkm: %zu trust anchors and %zu CRLs were read",
			  gikev2_anchors_count(auth.trust.all,
					       GIKEV2_TRUST_ANCHOR),
			  gikev2_anchors_count(auth.trust.all,
					       GIKEV2_TRUST_CRL));
}

static void refresh_again(struct event *event);

static void refresh(void)
{
	const struct mrkm_trust_config *config = &mrkm.base.trust;
	unsigned int changed = mrkm_trust_update(&auth.trust, config);

	for (size_t i = 0; i < config->certificate_count; i++)
		log_own(i);
	log_others(changed & MRKM_TRUST_OTHERS);
	event_cancel(&auth.t_refresh);
	if (config->certificate_count || config->anchor_count ||
	    config->crl_count)
		event_add_timer(mrkm.loop, refresh_again, NULL, REFRESH_SECONDS,
				&auth.t_refresh);
	if (changed & MRKM_TRUST_OTHERS)
		mrkm_revoke_check();
	/* whoever waits for what is there at last need not wait longer */
	if (changed & MRKM_TRUST_OWN)
		mrkm_group_reregister(false);
}

static void refresh_again(struct event *event)
{
	refresh();
	mrkm_engine_reschedule();
}

void mrkm_auth_apply(void)
{
	refresh();
}

void mrkm_auth_fini(void)
{
	event_cancel(&auth.t_refresh);
	mrkm_trust_fini(&auth.trust);
}

/* ------------------------------------------------------------------ policies */

uint8_t mrkm_auth_ways(uint8_t configured, bool psk)
{
	if (configured)
		return configured;
	return psk ? GIKEV2_BY_PSK : GIKEV2_BY_CERTIFICATE;
}

void mrkm_auth_complete(struct gikev2_auth_policy *policy, const char *anchor)
{
	policy->credentials = auth.trust.usable;
	policy->credential_count = auth.trust.usable_count;
	policy->anchors = mrkm_trust_anchors(&auth.trust, anchor);
	policy->wall_clock = wall_clock();
}

int mrkm_auth_ppk(const struct mrkm_ppk_config *config, const char *whose,
		  struct gikev2_ppk *ppk)
{
	struct gikev2_secret secret;
	char problem[512];

	ppk->mandatory = config->required;
	if (mrkm_psk_read(config->file, &secret, problem, sizeof(problem))) {
		mrkm_log_limited(MRKM_LIMIT_PSK, LOG_ERR, "%s: PPK %s: %s",
				 whose, config->id, problem);
		return -GIKEV2_ERR_NO_CREDENTIAL;
	}
	ppk->id_len = strlen(config->id);
	memcpy(ppk->id, config->id, ppk->id_len);
	ppk->len = secret.len;
	memcpy(ppk->octets, secret.octets, secret.len);
	explicit_bzero(&secret, sizeof(secret));
	return 0;
}

/* ------------------------------------------------------------------ problems */

bool mrkm_auth_problem(uint8_t own, uint8_t peer, const char *anchor, char *buf,
		       size_t size)
{
	buf[0] = '\0';
	if (own & GIKEV2_BY_CERTIFICATE &&
	    mrkm_trust_owns_problem(&auth.trust, &mrkm.base.identity,
				    wall_clock(), buf, size))
		return true;
	return peer & GIKEV2_BY_CERTIFICATE &&
	       mrkm_trust_others_problem(&auth.trust, anchor, buf, size);
}

bool mrkm_auth_ppk_problem(const struct mrkm_ppk_config *config, char *buf,
			   size_t size)
{
	char problem[512];

	buf[0] = '\0';
	if (!config->id[0] ||
	    !mrkm_psk_check(config->file, problem, sizeof(problem)))
		return false;
	snprintf(buf, size, "PPK %s: %s", config->id, problem);
	return true;
}

const char *mrkm_auth_way_text(uint8_t way)
{
	switch (way) {
	case GIKEV2_BY_PSK:
		return "pre-shared key";
	case GIKEV2_BY_CERTIFICATE:
		return "certificate";
	case GIKEV2_BY_PSK | GIKEV2_BY_CERTIFICATE:
		return "pre-shared key or certificate";
	default:
		return "none";
	}
}
