// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A member's Rekey SAs: the present one, and for a while the one before it.
 */
#include <string.h>

#include "gikev2/gikev2_int.h"

static bool has_spi(const struct gikev2_kek *kek, const uint8_t *spi)
{
	return kek->alive && memcmp(kek->spi, spi, sizeof(kek->spi)) == 0;
}

/* Tells the owner where GSA_REKEY comes to; joins and leaves come in pairs. */
static void listen_to(struct gikev2_member *member,
		      const struct gikev2_kek *kek, bool join)
{
	struct gikev2 *engine = gikev2_member_engine(member);

	if (engine->callbacks->multicast)
		engine->callbacks->multicast(engine->arg,
					     gikev2_member_cookie(member),
					     &kek->destination, &kek->source,
					     join);
}

static void drop(struct gikev2_member *member, struct gikev2_kek *kek)
{
	if (!kek->alive)
		return;
	listen_to(member, kek, false);
	gikev2_kek_wipe(kek);
}

void gikev2_keks_drop(struct gikev2_member *member)
{
	struct gikev2_keks *keks = gikev2_member_keks(member);

	drop(member, &keks->old);
	drop(member, &keks->now);
	gikev2_key_path_wipe(&keks->path);
}

/* The same one, told again by another registration. */
static void again(struct gikev2_member *member, struct gikev2_kek *kek)
{
	struct gikev2_keks *keks = gikev2_member_keks(member);

	/* an older ID is stale */
	if (kek->next_id < keks->now.next_id)
		kek->next_id = keks->now.next_id;
	/* registering anew was in vain: so much for that hint */
	if (keks->hinted)
		kek->next_spi_count = 0;
	drop(member, &keks->now);
}

bool gikev2_keks_set(struct gikev2_member *member,
		     struct gikev2_download *download, uint64_t old_end,
		     uint64_t now)
{
	struct gikev2_keks *keks = gikev2_member_keks(member);
	struct gikev2_kek *kek = &download->kek;

	/* an answer that a rekey has overtaken */
	if (has_spi(&keks->old, kek->spi))
		return false;
	listen_to(member, kek, true);
	if (has_spi(&keks->now, kek->spi)) {
		again(member, kek);
	} else {
		gikev2_keylog_kek(gikev2_member_engine(member), kek);
		keks->hinted = false;
		if (keks->now.alive) {
			drop(member, &keks->old);
			keks->old = keks->now;
			keks->old_end = old_end;
		}
	}
	keks->now = *kek;
	memset(kek, 0, sizeof(*kek)); /* what it owned is the member's now */
	gikev2_key_path_copy(&keks->path, &download->path);
	if (keks->old.alive && keks->old_end <= now)
		drop(member, &keks->old);
	return true;
}

bool gikev2_keks_expire(struct gikev2_member *member, uint64_t now)
{
	struct gikev2_keks *keks = gikev2_member_keks(member);

	if (keks->old.alive && keks->old_end <= now)
		drop(member, &keks->old);
	if (!keks->now.alive || keks->now.end > now)
		return false;
	gikev2_keks_drop(member);
	return true;
}

uint64_t gikev2_keks_next(const struct gikev2_keks *keks)
{
	uint64_t next = keks->now.alive ? keks->now.end : GIKEV2_NEVER;

	if (keks->old.alive && keks->old_end < next)
		next = keks->old_end;
	return next;
}

bool gikev2_keks_delete(struct gikev2_member *member, const uint8_t *spi)
{
	struct gikev2_keks *keks = gikev2_member_keks(member);

	if (has_spi(&keks->old, spi))
		drop(member, &keks->old);
	if (!has_spi(&keks->now, spi))
		return false;
	gikev2_keks_drop(member);
	return true;
}

/* ------------------------------------------------------------------- by SPI */

struct gikev2_member *gikev2_member_by_kek(struct gikev2 *engine,
					   const uint8_t *spi,
					   struct gikev2_kek **kek)
{
	struct gikev2_member *member;

	for (member = engine->members; member;
	     member = gikev2_member_next(member)) {
		struct gikev2_keks *keks = gikev2_member_keks(member);

		*kek = has_spi(&keks->now, spi) ? &keks->now : &keks->old;
		if (has_spi(*kek, spi))
			return member;
	}
	return NULL;
}

static bool announced(const struct gikev2_kek *kek, const uint8_t *spi)
{
	for (size_t i = 0; kek->alive && i < kek->next_spi_count; i++)
		if (memcmp(kek->next_spi[i], spi, sizeof(kek->spi)) == 0)
			return true;
	return false;
}

/*
 * Whoever was in the group once knows such an SPI: it is believed once for each
 * Rekey SA, and again only when there was something to it.
 */
int gikev2_keks_hint(struct gikev2 *engine, const uint8_t *spi, uint64_t now)
{
	struct gikev2_member *member;

	for (member = engine->members; member;
	     member = gikev2_member_next(member)) {
		struct gikev2_keks *keks = gikev2_member_keks(member);

		if (!announced(&keks->now, spi))
			continue;
		keks->hinted = true;
		gikev2_member_recover(member, -GIKEV2_ERR_NEXT_SPI, now);
		return -GIKEV2_ERR_NEXT_SPI;
	}
	return 0;
}

void gikev2_keylog_members(struct gikev2 *engine)
{
	struct gikev2_member *member;

	for (member = engine->members; member;
	     member = gikev2_member_next(member)) {
		const struct gikev2_keks *keks = gikev2_member_keks(member);

		if (keks->old.alive)
			gikev2_keylog_kek(engine, &keks->old);
		if (keks->now.alive)
			gikev2_keylog_kek(engine, &keks->now);
	}
}
