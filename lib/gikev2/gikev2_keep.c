// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Group member: keys that survive its process, so that a router that starts
 * while the key server is away goes on with what its neighbours still have.
 *
 * Keys are all that is kept.  With them the member registers anew, and what it
 * gets takes their place as it would have without the restart.
 */
#include <string.h>

#include "gikev2/gikev2_archive.h"
#include "gikev2/gikev2_keep.h"

#define KEPT_VERSION 1

struct name {
	size_t len;
	uint8_t octets[2 + GIKEV2_ID_MAX];
};

static struct name name_of(const struct gikev2_member *member)
{
	const struct gikev2_id *id = &gikev2_member_config(member)->group;
	struct name name = { .len = 2 + id->len,
			     .octets = { id->type, id->len } };

	memcpy(name.octets + 2, id->data, id->len);
	return name;
}

/*
 * An SA that counts must not begin to count anew: a counter mode would use an
 * IV twice, and receivers would take sequence numbers for replays.  A key
 * without a lifetime is over when the server is lost.
 */
static bool can_be_kept(const struct keytable_row *row)
{
	const struct keytable_protocol *protocol =
		keytable_protocol_by_wire(row->protocol);

	if (!protocol || row->accept_end == KEYTABLE_NEVER)
		return false;
	return protocol->applier == KEYTABLE_APPLY_KEYCHAIN ||
	       (row->ipsec.sn == KEYTABLE_SN_UNSPECIFIED &&
		!keytable_suite_counter(&row->ipsec.suite));
}

static void select_rows(const struct gikev2_rows *rows,
			struct gikev2_rows *kept)
{
	memset(kept, 0, sizeof(*kept));
	for (size_t i = 0; i < rows->count; i++)
		if (can_be_kept(&rows->row[i]))
			kept->row[kept->count++] = rows->row[i];
	kept->past_end = rows->past_end;
}

static void fields(struct gikev2_archive *archive, struct gikev2_rows *rows)
{
	gikev2_archive_version(archive, KEPT_VERSION);
	gikev2_archive_count(archive, &rows->count, KEYTABLE_ROWS_MAX);
	for (size_t i = 0; i < rows->count; i++)
		gikev2_archive_row(archive, &rows->row[i]);
	gikev2_archive_time(archive, &rows->past_end);
}

/* ------------------------------------------------------------------- saving */

static int save(struct gikev2 *engine, const struct name *name,
		struct gikev2_rows *rows)
{
	struct gikev2_archive *archive = engine->archive;
	struct gikev2_record record = {
		.kind = GIKEV2_RECORD_KEPT,
		.key = name->octets,
		.key_len = name->len,
	};
	int ret = 0;

	gikev2_archive_save(archive);
	if (rows->count) {
		fields(archive, rows);
		ret = gikev2_archive_end(archive);
		record.value = archive->ptr;
		record.value_len = archive->len;
	}
	if (ret == 0)
		ret = engine->callbacks->save(engine->arg, &record);
	gikev2_archive_wipe(archive);
	return ret;
}

void gikev2_member_keep(struct gikev2_member *member)
{
	struct gikev2 *engine = gikev2_member_engine(member);
	struct name name = name_of(member);
	struct gikev2_rows kept;

	if (!engine->callbacks->save || engine->closing)
		return;
	select_rows(gikev2_member_rows(member), &kept);
	if (save(engine, &name, &kept) < 0)
		gikev2_count(engine, GIKEV2_ERR_STATE_LOST);
	gikev2_rows_wipe(&kept);
}

/* ------------------------------------------------------------------ loading */

static int on_record(void *arg, const struct gikev2_record *record)
{
	struct gikev2_rows *rows = arg;
	struct gikev2_archive archive;

	gikev2_archive_load(&archive, record->value, record->value_len,
			    record->shift);
	fields(&archive, rows);
	return gikev2_archive_end(&archive);
}

/* What cannot be applied as it is, or should never have been kept, is not
 * taken on trust. */
static void drop_unusable(struct gikev2_rows *rows)
{
	struct gikev2_rows all = *rows;

	rows->count = 0;
	for (size_t i = 0; i < all.count; i++)
		if (can_be_kept(&all.row[i]) && keytable_row_valid(&all.row[i]))
			rows->row[rows->count++] = all.row[i];
	keytable_wipe(rows->row + rows->count, all.count - rows->count);
	gikev2_rows_wipe(&all);
}

static int load(struct gikev2_member *member, struct gikev2_rows *rows)
{
	struct gikev2 *engine = gikev2_member_engine(member);
	struct name name = name_of(member);

	if (!engine->callbacks->load)
		return 0;
	return engine->callbacks->load(engine->arg, GIKEV2_RECORD_KEPT,
				       name.octets, name.len, on_record, rows);
}

int gikev2_member_restore(struct gikev2_member *member, uint64_t now)
{
	struct gikev2_rows *rows = gikev2_member_rows(member);
	struct gikev2_rows kept = { .count = 0 };
	int ret = rows->count ? 0 : load(member, &kept);

	if (ret == 0) {
		drop_unusable(&kept);
		gikev2_rollover_expire(&kept, now);
	}
	if (ret == 0 && kept.count) {
		*rows = kept;
		gikev2_member_rekeyed(member, false, now);
		gikev2_event(gikev2_member_engine(member),
			     GIKEV2_EVENT_KEYS_RESTORED, 0,
			     gikev2_member_cookie(member), NULL, now);
	} else if (ret == 0) {
		gikev2_member_keep(member);
	}
	keytable_wipe(kept.row, KEYTABLE_ROWS_MAX);
	return ret < 0 ? gikev2_count(gikev2_member_engine(member), ret) : 0;
}
