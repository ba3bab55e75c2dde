// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What should be in the kernel at an instant.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "modules/mrkm_guard.h"

static const struct mrkm_address link_local = { { 0xfe, 0x80 } };
#define LINK_LOCAL_PREFIX 10

struct wanted {
	struct mrkm_guard *guard;
	const struct mrkm_traffic_info *info;
	struct mrkm_guard_chain *chain;
	struct mrkm_image *image;
	uint64_t now;
	bool in_policies; /* instead of filters */
};

static uint32_t reqid_of(enum mrkm_traffic traffic)
{
	return MRKM_IPSEC_REQID | traffic;
}

static uint8_t sa_protocol(const struct keytable_row *row)
{
	return row->ipsec.suite.encr ? IPPROTO_ESP : IPPROTO_AH;
}

static uint8_t host_prefix(uint8_t family)
{
	return family == AF_INET ? 32 : 128;
}

/* ------------------------------------------------------------------------ SAs */

/* In seconds, rounded up; the kernel forgets a key by itself if zebra cannot. */
static uint32_t lifetime_of(const struct keytable_row *row, uint64_t now)
{
	uint64_t end = row->accept_end > row->send_end ? row->accept_end
						       : row->send_end;

	uint64_t seconds;

	if (end == KEYTABLE_NEVER || end <= now)
		return 0;
	seconds = (end - now) / KEYTABLE_SECOND + 2;
	return seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX;
}

static bool is_due(const struct keytable_row *row, uint64_t now)
{
	return keytable_row_can_accept(row, now) ||
	       keytable_row_can_send(row, now);
}

static void fill_sa(const struct wanted *w, const struct keytable_row *row,
		    struct mrkm_sa *sa)
{
	bool sequential = row->ipsec.sn == KEYTABLE_SN_SEQUENTIAL;

	memset(sa, 0, sizeof(*sa));
	sa->family = w->info->family;
	sa->ip_protocol = sa_protocol(row);
	sa->spi = row->id;
	sa->reqid = reqid_of(w->chain->traffic);
	sa->replay = sequential;
	sa->only_out = sequential && row->direction == KEYTABLE_OUT;
	sa->suite = row->ipsec.suite;
	sa->key_len = row->key_len;
	memcpy(sa->key, row->key, row->key_len);
	sa->lifetime = lifetime_of(row, w->now);
	if (sequential && row->direction & KEYTABLE_OUT)
		sa->sequence = w->guard->ops->sequence(w->guard->arg);
}

/*
 * Two interfaces may want the same SA; two keys may not want the same place:
 * the first one has it.
 */
static int want_sa(const struct wanted *w, struct mrkm_sa *sa,
		   const struct mrkm_address *destination, uint32_t acquire,
		   enum mrkm_err *result)
{
	int err;

	sa->destination = *destination;
	sa->acquire = acquire;
	err = mrkm_image_add_sa(w->image, sa);
	if (err != -EEXIST)
		return err;
	if (!mrkm_sa_equal(mrkm_image_find_sa(w->image, sa), sa))
		*result = MRKM_ERR_SPI_BUSY;
	return 0;
}

/* Linux finds an SA by its destination, so each of them needs one. */
static int want_unicast_sas(const struct wanted *w, struct mrkm_sa *sa,
			    enum mrkm_err *result)
{
	const struct mrkm_guard *guard = w->guard;
	const struct mrkm_link *link;
	int err = 0;

	for (size_t i = 0; i < w->chain->interface_count && !err; i++) {
		link = mrkm_links_by_name(&guard->links,
					  w->chain->interfaces[i].name);
		if (!link)
			continue;
		for (size_t k = 0; k < link->address_count && !err; k++)
			err = want_sa(w, sa, &link->addresses[k], 0, result);
		for (size_t k = 0; k < guard->peer_count && !err; k++)
			if (guard->peers[k].ifindex == link->ifindex)
				err = want_sa(w, sa, &guard->peers[k].address,
					      guard->peers[k].acquire, result);
	}
	return err;
}

static int want_row(const struct wanted *w, size_t i)
{
	const struct keytable_row *row = &w->chain->rows[i];
	enum mrkm_err *result = &w->chain->results[i];
	struct mrkm_sa sa;
	int err = 0;

	if (*result != MRKM_ERR_OK || !is_due(row, w->now))
		return 0;
	fill_sa(w, row, &sa);
	for (size_t k = 0; k < w->info->group_count && !err; k++)
		err = want_sa(w, &sa, &w->info->groups[k], 0, result);
	if (!err && w->info->unicast)
		err = want_unicast_sas(w, &sa, result);
	explicit_bzero(&sa, sizeof(sa));
	return err;
}

/* ------------------------------------------------------------- SPs and filters */

/*
 * With windows that overlap, the youngest (RFC 7210 section 3); among equals
 * the last of the list.
 */
static const struct keytable_row *choose_sender(const struct wanted *w)
{
	const struct mrkm_guard_chain *chain = w->chain;
	const struct keytable_row *best = NULL;

	for (size_t i = 0; i < chain->row_count; i++) {
		const struct keytable_row *row = &chain->rows[i];

		if (chain->results[i] != MRKM_ERR_OK ||
		    !keytable_row_can_send(row, w->now))
			continue;
		if (!best || row->send_start >= best->send_start)
			best = row;
	}
	return best;
}

static int want_sp(const struct wanted *w, const struct keytable_row *sender,
		   bool in, int ifindex, const struct mrkm_address *destination,
		   uint8_t prefix)
{
	struct mrkm_sp sp = {
		.family = w->info->family,
		.in = in,
		.ifindex = ifindex,
		.ip_protocol = in ? w->info->ip_protocol
				  : w->info->out_protocol,
		.prefix = prefix,
		.destination = *destination,
		.reqid = reqid_of(w->chain->traffic),
		.block = !sender,
		.sa_protocol = sender ? sa_protocol(sender) : 0,
		.spi = sender && !in ? sender->id : 0,
	};
	int err = mrkm_image_add_sp(w->image, &sp);

	return err == -EEXIST ? 0 : err;
}

static int want_sps(const struct wanted *w, const struct keytable_row *sender,
		    bool in, int ifindex)
{
	uint8_t prefix = host_prefix(w->info->family);
	int err = 0;

	for (size_t k = 0; k < w->info->group_count && !err; k++)
		err = want_sp(w, sender, in, ifindex, &w->info->groups[k],
			      prefix);
	if (!err && w->info->unicast)
		err = want_sp(w, sender, in, ifindex, &link_local,
			      LINK_LOCAL_PREFIX);
	return err;
}

static int want_clear_filter(const struct wanted *w,
			     const struct mrkm_link *link)
{
	struct mrkm_filter filter = {
		.ifindex = link->ifindex,
		.kind = MRKM_FILTER_CLEAR,
		.traffic = MRKM_TRAFFIC_BIT(w->chain->traffic),
		.mac_len = link->mac_len,
	};
	int err = mrkm_image_add_filter(w->image, &filter);

	if (err != -EEXIST)
		return err;
	mrkm_image_find_filter(w->image, link->ifindex, MRKM_FILTER_CLEAR)
		->traffic |= filter.traffic;
	return 0;
}

/* The routing daemons send from a link-local address. */
static int want_echo_filter(const struct wanted *w,
			    const struct mrkm_link *link)
{
	struct mrkm_filter filter = {
		.ifindex = link->ifindex,
		.kind = MRKM_FILTER_ECHO,
		.mac_len = link->mac_len,
		.address_count = link->address_count,
	};
	int err;

	if (w->info->family != AF_INET6 || !link->address_count)
		return 0;
	memcpy(filter.addresses, link->addresses, sizeof(filter.addresses));
	err = mrkm_image_add_filter(w->image, &filter);
	return err == -EEXIST ? 0 : err;
}

static int want_filters(const struct wanted *w, const struct mrkm_link *link)
{
	int err = want_clear_filter(w, link);

	return err ? err : want_echo_filter(w, link);
}

static int want_interface(struct wanted *w, const struct keytable_row *sender,
			  const char *name)
{
	const struct mrkm_link *link =
		mrkm_links_by_name(&w->guard->links, name);
	int err;

	if (!link)
		return 0;
	err = want_sps(w, sender, false, link->ifindex);
	if (err)
		return err;
	if (link->filterable && !w->guard->filterless)
		return want_filters(w, link);
	w->in_policies = true;
	return 0;
}

/* ------------------------------------------------------------------ all of it */

static void earliest(uint64_t *deadline, uint64_t instant, uint64_t now)
{
	if (instant > now && instant < *deadline)
		*deadline = instant;
}

static void next_instant(const struct mrkm_guard_chain *chain, uint64_t now,
			 uint64_t *deadline)
{
	earliest(deadline, chain->forget_at, now);
	for (size_t i = 0; i < chain->row_count; i++) {
		const struct keytable_row *row = &chain->rows[i];

		earliest(deadline, row->send_start, now);
		earliest(deadline, row->send_end, now);
		earliest(deadline, row->accept_start, now);
		earliest(deadline, row->accept_end, now);
	}
}

static int want_chain(struct mrkm_guard *guard, struct mrkm_guard_chain *chain,
		      uint64_t now, struct mrkm_image *image)
{
	struct wanted w = {
		.guard = guard,
		.info = &mrkm_traffic[chain->traffic],
		.chain = chain,
		.image = image,
		.now = now,
	};
	const struct keytable_row *sender;
	int err = 0;

	if (!chain->interface_count) {
		chain->sender = 0;
		return 0;
	}
	for (size_t i = 0; i < chain->row_count && !err; i++)
		err = want_row(&w, i);
	sender = choose_sender(&w);
	chain->sender = sender ? sender->id : 0;
	for (size_t i = 0; i < chain->interface_count && !err; i++)
		err = want_interface(&w, sender, chain->interfaces[i].name);
	if (!err && w.in_policies)
		err = want_sps(&w, sender, true, 0);
	return err;
}

int mrkm_guard_want(struct mrkm_guard *guard, uint64_t now,
		    struct mrkm_image *want, uint64_t *deadline)
{
	int err = 0;

	for (struct mrkm_guard_chain *chain = guard->chains; chain && !err;
	     chain = chain->next) {
		err = want_chain(guard, chain, now, want);
		next_instant(chain, now, deadline);
	}
	return err;
}
