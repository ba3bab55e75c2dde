// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The protocol engine's surroundings: time, randomness, sockets, credentials,
 * and the way of its keys.
 */
#include <zebra.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "log.h"
#include "monotime.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_event.h"
#include "mrkmd/mrkm_multicast.h"
#include "mrkmd/mrkm_revoke.h"
#include "mrkmd/mrkm_state.h"

static int on_source(void *arg, const struct gikev2_endpoint *remote,
		     struct gikev2_endpoint *local)
{
	return mrkm_io_source(remote, local);
}

/* Keys are drawn with this too: the private generator, not the public one. */
static int on_random(void *arg, uint8_t *octets, size_t len)
{
	if (len <= INT_MAX && RAND_priv_bytes(octets, len) == 1)
		return 0;
	return -GIKEV2_ERR_NO_RANDOM;
}

static int on_psk(void *arg, enum gikev2_role role, void *cookie,
		  const struct gikev2_id *peer, struct gikev2_secret *secret)
{
	if (role == GIKEV2_MEMBER)
		return mrkm_group_psk(cookie, peer, secret);
	return mrkm_ks_psk(cookie, peer, secret);
}

static void on_auth_policy(void *arg, enum gikev2_role role, void *cookie,
			   const struct gikev2_id *peer,
			   struct gikev2_auth_policy *policy)
{
	if (role == GIKEV2_MEMBER)
		mrkm_group_auth_policy(cookie, peer, policy);
	else
		mrkm_ks_auth_policy(cookie, peer, policy);
}

static int on_ppk(void *arg, enum gikev2_role role, void *cookie,
		  const struct gikev2_id *peer, struct gikev2_ppk *ppk)
{
	if (role == GIKEV2_MEMBER)
		return mrkm_group_ppk(cookie, ppk);
	return mrkm_ks_ppk(cookie, peer, ppk);
}

static void on_proven(void *arg, const struct gikev2_id *peer,
		      const struct gikev2_chunk *certs, size_t count)
{
	mrkm_revoke_proven(peer, certs, count);
}

static int on_authorize(void *arg, void *cookie, const struct gikev2_id *peer)
{
	return mrkm_ks_authorize(cookie, peer);
}

static void on_keys(void *arg, void *cookie, const struct keytable_row *rows,
		    size_t count)
{
	mrkm_group_keys(cookie, rows, count);
}

static void on_multicast(void *arg, void *cookie,
			 const struct gikev2_endpoint *group,
			 const struct gikev2_endpoint *source, bool join)
{
	mrkm_multicast_listen(cookie, group, source, join);
}

static void on_event(void *arg, const struct gikev2_event *event)
{
	mrkm_event(event);
}

static const struct gikev2_callbacks callbacks = {
	.output = mrkm_state_output,
	.source = on_source,
	.random = on_random,
	.psk = on_psk,
	.auth_policy = on_auth_policy,
	.ppk = on_ppk,
	.proven = on_proven,
	.authorize = on_authorize,
	.keys = on_keys,
	.multicast = on_multicast,
	.event = on_event,
	.save = mrkm_state_save,
	.load = mrkm_state_load,
};

uint64_t mrkm_now(void)
{
	struct timeval tv;

	monotime(&tv);
	return tv.tv_sec * GIKEV2_SECOND + tv.tv_usec;
}

uint64_t mrkm_seconds_since(uint64_t instant)
{
	uint64_t now = mrkm_now();

	return instant && now > instant ? (now - instant) / GIKEV2_SECOND : 0;
}

uint64_t mrkm_seconds_until(uint64_t instant)
{
	uint64_t now = mrkm_now();

	if (instant <= now)
		return 0;
	return (instant - now - 1) / GIKEV2_SECOND + 1;
}

/* How long the engine's deadlines have their turn, and how many of them are run
 * between two looks at the clock. */
#define TURN (2 * GIKEV2_SECOND / 1000)
#define TIMERS 4

/* It may come early: the next one is set then. */
static void engine_timer(struct event *event)
{
	uint64_t now = mrkm_now(), end = now + TURN;

	do {
		gikev2_expire_some(mrkm.engine, now, TIMERS);
		now = mrkm_now();
	} while (now < end && gikev2_next_deadline(mrkm.engine) <= now);
	mrkm_engine_reschedule();
}

/*
 * The engine's first deadline moves with most datagrams, nearly always to later.
 * To set a timer anew each time costs more than one that comes early.
 */
void mrkm_engine_reschedule(void)
{
	uint64_t deadline, now, wait;
	struct timeval tv;

	/* may take groups out of the engine, and with them their deadlines */
	mrkm_state_flush();
	deadline = gikev2_next_deadline(mrkm.engine);
	if (deadline == GIKEV2_NEVER ||
	    (mrkm.t_engine && mrkm.engine_at <= deadline))
		return;
	now = mrkm_now();
	wait = deadline > now ? deadline - now : 0;
	tv.tv_sec = wait / GIKEV2_SECOND;
	tv.tv_usec = wait % GIKEV2_SECOND;
	event_cancel(&mrkm.t_engine);
	mrkm.engine_at = deadline;
	event_add_timer_tv(mrkm.loop, engine_timer, NULL, &tv, &mrkm.t_engine);
}

/*
 * libfrr has functions by names of OpenSSL's; should OpenSSL call those, it
 * takes what happens to be in a register for their word.
 */
static void check_openssl(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(ctx, "mrkmd", 5) == 1;

	EVP_MD_CTX_free(ctx);
	if (ok)
		return;
	zlog_err(
		"mrkm: OpenSSL's SHA-256 is not its own: link mrkmd with libcrypto before libfrr, and preload neither");
	exit(1);
}

void mrkm_engine_init(void)
{
	struct gikev2_params params;

	check_openssl();
	gikev2_params_default(&params);
	mrkm.engine = gikev2_new(&callbacks, NULL, &params);
	if (mrkm.engine)
		return;
	zlog_err(
		"mrkm: the protocol engine cannot start: memory is short, or OpenSSL lacks an algorithm: check \"openssl list -providers\"");
	exit(1);
}

/* Says nothing to anybody: the keys outlive this process. */
void mrkm_engine_fini(void)
{
	event_cancel(&mrkm.t_engine);
	gikev2_free(mrkm.engine);
	mrkm.engine = NULL;
}
