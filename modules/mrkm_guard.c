// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the routing daemons want protected, and how the kernel is kept to it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/mrkm_guard.h"

/* Rounds of "want, do, see what went wrong" in one run. */
#define ROUNDS_MAX 4

#define for_each_chain(chain, guard)                                           \
	for (struct mrkm_guard_chain *chain = (guard)->chains; chain;          \
	     chain = chain->next)

void mrkm_guard_init(struct mrkm_guard *guard, const struct mrkm_guard_ops *ops,
		     const struct mrkm_transport *transport, void *arg,
		     uint64_t now)
{
	memset(guard, 0, sizeof(*guard));
	guard->ops = ops;
	guard->arg = arg;
	guard->kernel.transport = transport;
	guard->kernel.arg = arg;
	guard->unknown = true;
	guard->keep_until = now + MRKM_GUARD_PATIENCE;
	guard->retry_at = KEYTABLE_NEVER;
}

static void free_chain(struct mrkm_guard_chain *chain)
{
	explicit_bzero(chain, sizeof(*chain));
	free(chain);
}

void mrkm_guard_fini(struct mrkm_guard *guard)
{
	struct mrkm_guard_chain *chain;

	while ((chain = guard->chains)) {
		guard->chains = chain->next;
		free_chain(chain);
	}
	mrkm_image_clear(&guard->is);
	mrkm_image_clear(&guard->orphans);
	mrkm_links_clear(&guard->links);
}

/* ----------------------------------------------------------------- key chains */

static struct mrkm_guard_chain *find_chain(const struct mrkm_guard *guard,
					   enum mrkm_traffic traffic,
					   const char *name)
{
	for_each_chain(chain, guard)
		if (chain->traffic == traffic && strcmp(chain->name, name) == 0)
			return chain;
	return NULL;
}

/* The key chain, made when it is not there; its daemon stands by it. */
static struct mrkm_guard_chain *
get_chain(struct mrkm_guard *guard, const struct mrkm_guard_speaker *speaker,
	  const char *name)
{
	struct mrkm_guard_chain *chain =
		find_chain(guard, speaker->traffic, name);
	struct mrkm_guard_chain **end = &guard->chains;

	/* At the end: of two that want the same SPI the first one keeps it. */
	while (*end)
		end = &(*end)->next;
	if (!chain) {
		chain = calloc(1, sizeof(*chain));
		if (!chain)
			return NULL;
		chain->traffic = speaker->traffic;
		snprintf(chain->name, sizeof(chain->name), "%s", name);
		*end = chain;
	}
	chain->boot = speaker->boot;
	chain->session = speaker->session;
	chain->forget_at = KEYTABLE_NEVER;
	return chain;
}

static enum mrkm_err judge_row(const struct mrkm_guard_chain *chain, size_t i,
			       uint64_t now)
{
	const struct mrkm_traffic_info *info = &mrkm_traffic[chain->traffic];
	const struct keytable_row *row = &chain->rows[i];
	uint8_t family = info->family == AF_INET ? KEYTABLE_IPV4
						 : KEYTABLE_IPV6;

	if (row->protocol != info->protocol)
		return MRKM_ERR_PROTOCOL;
	if (!(row->ipsec.families & family))
		return MRKM_ERR_FAMILY;
	if (!keytable_suite_key_len(&row->ipsec.suite))
		return MRKM_ERR_ALGORITHM;
	if (!keytable_row_valid(row))
		return MRKM_ERR_BAD_KEY;
	if (row->ipsec.sn != KEYTABLE_SN_SEQUENTIAL &&
	    keytable_suite_counter(&row->ipsec.suite) &&
	    row->direction & KEYTABLE_OUT)
		return MRKM_ERR_SENDER_ID;
	if (row->accept_end <= now && row->send_end <= now)
		return MRKM_ERR_EXPIRED;
	for (size_t k = 0; k < i; k++)
		if (chain->rows[k].id == row->id)
			return MRKM_ERR_BAD_VALUE;
	return MRKM_ERR_OK;
}

int mrkm_guard_keys(struct mrkm_guard *guard,
		    const struct mrkm_guard_speaker *speaker, const char *name,
		    const struct keytable_row *rows, size_t count, uint64_t now)
{
	struct mrkm_guard_chain *chain;

	if (count > KEYTABLE_ROWS_MAX)
		return -MRKM_ERR_LIMIT;
	chain = get_chain(guard, speaker, name);
	if (!chain)
		return -MRKM_ERR_NO_MEMORY;
	explicit_bzero(chain->rows, sizeof(chain->rows));
	if (count)
		memcpy(chain->rows, rows, count * sizeof(*rows));
	chain->row_count = count;
	for (size_t i = 0; i < count; i++)
		chain->results[i] = judge_row(chain, i, now);
	return 0;
}

int mrkm_guard_interfaces(struct mrkm_guard *guard,
			  const struct mrkm_guard_speaker *speaker,
			  const char *name,
			  const struct mrkm_msg_interface *interfaces,
			  size_t count)
{
	struct mrkm_guard_chain *chain;

	if (count > MRKM_INTERFACES_MAX)
		return -MRKM_ERR_LIMIT;
	chain = get_chain(guard, speaker, name);
	if (!chain)
		return -MRKM_ERR_NO_MEMORY;
	if (count)
		memcpy(chain->interfaces, interfaces,
		       count * sizeof(*interfaces));
	chain->interface_count = count;
	return 0;
}

void mrkm_guard_results(const struct mrkm_guard *guard,
			const struct mrkm_guard_speaker *speaker,
			const char *name, enum mrkm_err *results, size_t count)
{
	const struct mrkm_guard_chain *chain =
		find_chain(guard, speaker->traffic, name);

	for (size_t i = 0; chain && i < count && i < chain->row_count; i++)
		results[i] = chain->results[i];
}

void mrkm_guard_withdraw(struct mrkm_guard *guard,
			 const struct mrkm_guard_speaker *speaker,
			 const char *name)
{
	struct mrkm_guard_chain **link = &guard->chains, *chain;

	for (; (chain = *link); link = &chain->next)
		if (chain->traffic == speaker->traffic &&
		    strcmp(chain->name, name) == 0) {
			*link = chain->next;
			free_chain(chain);
			return;
		}
}

static void forget(struct mrkm_guard *guard, uint64_t now)
{
	struct mrkm_guard_chain **link = &guard->chains, *chain;

	while ((chain = *link)) {
		if (chain->forget_at > now) {
			link = &chain->next;
			continue;
		}
		*link = chain->next;
		free_chain(chain);
	}
}

static void doom(struct mrkm_guard_chain *chain, uint64_t at)
{
	if (chain->forget_at > at)
		chain->forget_at = at;
}

/*
 * What the same process said in another session and not in this one, it has
 * withdrawn.  What an earlier process said may be in a configuration that this
 * one has not read yet.
 */
void mrkm_guard_synced(struct mrkm_guard *guard,
		       const struct mrkm_guard_speaker *speaker, uint64_t now)
{
	for_each_chain(chain, guard) {
		if (chain->traffic != speaker->traffic)
			continue;
		if (chain->boot != speaker->boot)
			doom(chain, now + MRKM_GUARD_PATIENCE);
		else if (chain->session != speaker->session)
			doom(chain, now);
	}
}

void mrkm_guard_gone(struct mrkm_guard *guard, enum mrkm_traffic traffic,
		     uint64_t now)
{
	for_each_chain(chain, guard)
		if (chain->traffic == traffic)
			doom(chain, now + MRKM_GUARD_PATIENCE);
}

/* ------------------------------------------------------------------- neighbours */

static bool is_protected(const struct mrkm_guard *guard, int ifindex)
{
	const struct mrkm_link *link =
		mrkm_links_by_index(&guard->links, ifindex);

	if (!link)
		return false;
	for_each_chain(chain, guard)
		for (size_t i = 0; mrkm_traffic[chain->traffic].unicast &&
				   i < chain->interface_count;
		     i++)
			if (strcmp(chain->interfaces[i].name, link->name) == 0)
				return true;
	return false;
}

void mrkm_guard_acquire(struct mrkm_guard *guard,
			const struct mrkm_acquire *acquire)
{
	struct mrkm_guard_peer peer = { .ifindex = acquire->ifindex,
					.address = acquire->destination,
					.acquire = acquire->id };

	if (!is_protected(guard, acquire->ifindex))
		return;
	/* the SA without a key that the kernel waits with is in the new one's place */
	guard->unknown = true;
	for (size_t i = 0; i < guard->peer_count; i++)
		if (guard->peers[i].ifindex == peer.ifindex &&
		    memcmp(&guard->peers[i].address, &peer.address,
			   sizeof(peer.address)) == 0) {
			guard->peers[i] = peer;
			return;
		}
	if (guard->peer_count < MRKM_GUARD_PEERS_MAX)
		guard->peer_next = guard->peer_count++;
	else
		guard->peer_next =
			(guard->peer_next + 1) % MRKM_GUARD_PEERS_MAX;
	guard->peers[guard->peer_next] = peer;
}

static void forget_lost_peers(struct mrkm_guard *guard)
{
	size_t kept = 0;

	for (size_t i = 0; i < guard->peer_count; i++)
		if (is_protected(guard, guard->peers[i].ifindex))
			guard->peers[kept++] = guard->peers[i];
	guard->peer_count = kept;
}

/* -------------------------------------------------------------------- running */

void mrkm_guard_doubt(struct mrkm_guard *guard)
{
	guard->unknown = guard->doubted = true;
}

/* Is something of ours missing that did not go with its interface? */
static bool is_missing(const struct mrkm_guard *guard,
		       const struct mrkm_image *image,
		       const struct mrkm_links *links)
{
	struct mrkm_image was = { 0 };
	bool missing;

	if (mrkm_image_merge(&was, &guard->is)) {
		mrkm_image_clear(&was);
		return false;
	}
	mrkm_image_subtract(&was, image);
	missing = was.sas.count || was.sps.count;
	mrkm_for_each(mrkm_filter, filter, &was.filters)
		missing |= mrkm_links_by_index(links, filter->ifindex) != NULL;
	mrkm_image_clear(&was);
	return missing;
}

static int look(struct mrkm_guard *guard)
{
	struct mrkm_image image = { 0 };
	struct mrkm_links links = { 0 };
	int err = mrkm_kernel_list(&guard->kernel, &image, &links);

	if (err) {
		mrkm_image_clear(&image);
		mrkm_links_clear(&links);
		return err;
	}
	if (guard->doubted && is_missing(guard, &image, &links))
		guard->restored++;
	guard->doubted = false;
	mrkm_image_clear(&guard->is);
	mrkm_links_clear(&guard->links);
	guard->is = image;
	guard->links = links;
	guard->unknown = false;
	forget_lost_peers(guard);
	return 0;
}

/*
 * What a former zebra left stays until somebody wants it, or nobody has for
 * long: adjacencies outlive a restart.
 */
static int keep_orphans(struct mrkm_guard *guard, struct mrkm_image *want,
			uint64_t now)
{
	int err = 0;

	if (!guard->started) {
		err = mrkm_image_merge(&guard->orphans, &guard->is);
		guard->started = !err;
	}
	if (now >= guard->keep_until)
		mrkm_image_clear(&guard->orphans);
	/* those whose time was over: what they were for stays closed */
	mrkm_image_forget_sas(&guard->orphans, &guard->is);
	mrkm_image_subtract(&guard->orphans, want);
	return err ? err : mrkm_image_merge(want, &guard->orphans);
}

static enum mrkm_err reason_of(int error)
{
	switch (error) {
	case EEXIST:
		return MRKM_ERR_SPI_BUSY;
	case ENOMEM:
	case ENOBUFS:
		return MRKM_ERR_NO_MEMORY;
	default:
		return MRKM_ERR_KERNEL;
	}
}

/* The kernel did not take an SA: its row is of no use for now. */
static void blame_rows(struct mrkm_guard *guard, const struct mrkm_op *op)
{
	for_each_chain(chain, guard) {
		if ((MRKM_IPSEC_REQID | chain->traffic) != op->sa->reqid)
			continue;
		for (size_t i = 0; i < chain->row_count; i++)
			if (chain->rows[i].id == op->sa->spi &&
			    chain->results[i] == MRKM_ERR_OK)
				chain->results[i] = reason_of(op->error);
	}
}

static void take_refusals(struct mrkm_guard *guard, const struct mrkm_ops *ops,
			  uint64_t now)
{
	guard->unknown = true;
	for (size_t i = 0; i < ops->count; i++) {
		const struct mrkm_op *op = &ops->ops[i];

		if (!op->error || op->error == ECANCELED)
			continue;
		guard->ops->refused(guard->arg, op);
		guard->retry_at = now + MRKM_GUARD_RETRY;
		if (op->type == MRKM_OP_ADD_SA || op->type == MRKM_OP_CHANGE_SA)
			blame_rows(guard, op);
		else if (op->type == MRKM_OP_SET_FILTER && op->error != ENODEV)
			guard->filterless = true;
	}
}

/* One round; -EAGAIN: something went wrong, and another may mend it. */
static int approach(struct mrkm_guard *guard, uint64_t now, uint64_t *deadline)
{
	struct mrkm_image want = { 0 };
	struct mrkm_ops ops = { 0 };
	int err = 0;

	if (guard->unknown)
		err = look(guard);
	if (!err)
		err = mrkm_guard_want(guard, now, &want, deadline);
	if (!err)
		err = keep_orphans(guard, &want, now);
	if (!err)
		err = mrkm_image_diff(&guard->is, &want, &ops);
	if (!err)
		err = mrkm_kernel_apply(&guard->kernel, &ops);
	if (err == -EREMOTEIO) {
		take_refusals(guard, &ops, now);
		err = -EAGAIN;
	} else if (!err) {
		mrkm_ops_clear(&ops);
		mrkm_image_clear(&guard->is);
		guard->is = want;
		memset(&want, 0, sizeof(want));
	}
	mrkm_ops_clear(&ops);
	mrkm_image_clear(&want);
	return err;
}

/* What the kernel refused some time ago may go well now. */
static void retry(struct mrkm_guard *guard, uint64_t now)
{
	guard->retry_at = KEYTABLE_NEVER;
	guard->filterless = false;
	guard->unknown = true;
	for_each_chain(chain, guard)
		for (size_t i = 0; i < chain->row_count; i++)
			chain->results[i] = judge_row(chain, i, now);
}

static bool has_changed(const struct mrkm_guard_chain *chain)
{
	return chain->sender != chain->told_sender ||
	       memcmp(chain->results, chain->told,
		      chain->row_count * sizeof(chain->told[0])) != 0;
}

static void tell_changes(struct mrkm_guard *guard)
{
	for_each_chain(chain, guard) {
		if (!has_changed(chain))
			continue;
		chain->told_sender = chain->sender;
		memcpy(chain->told, chain->results, sizeof(chain->told));
		guard->ops->changed(guard->arg, chain);
	}
}

uint64_t mrkm_guard_run(struct mrkm_guard *guard, uint64_t now)
{
	uint64_t deadline = KEYTABLE_NEVER;
	int err = -EAGAIN;

	if (guard->retry_at <= now)
		retry(guard, now);
	forget(guard, now);
	for (int round = 0; round < ROUNDS_MAX && err == -EAGAIN; round++) {
		deadline = KEYTABLE_NEVER;
		err = approach(guard, now, &deadline);
	}
	if (err) {
		guard->unknown = true;
		if (guard->retry_at > now + MRKM_GUARD_RETRY)
			guard->retry_at = now + KEYTABLE_SECOND;
	}
	tell_changes(guard);
	if (guard->keep_until > now && guard->keep_until < deadline)
		deadline = guard->keep_until;
	return guard->retry_at < deadline ? guard->retry_at : deadline;
}

enum mrkm_err mrkm_guard_state(const struct mrkm_guard *guard,
			       const struct mrkm_guard_chain *chain,
			       const char *interface)
{
	if (!mrkm_links_by_name(&guard->links, interface))
		return MRKM_ERR_NO_INTERFACE;
	if (chain->sender)
		return MRKM_ERR_OK;
	for (size_t i = chain->row_count; i-- > 0;)
		if (chain->results[i] != MRKM_ERR_OK)
			return chain->results[i];
	return MRKM_ERR_NO_KEY;
}
