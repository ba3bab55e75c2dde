// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sets of kernel objects, and the way from one to the other.  No side effect.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "modules/mrkm_ipsec.h"

/* clang-format off */
const struct mrkm_traffic_info mrkm_traffic[MRKM_TRAFFIC_MAX] = {
	[MRKM_TRAFFIC_PIM] = {
		.name = "PIM",
		.daemon = "pimd",
		.protocol = 203,
		.family = AF_INET,
		.ip_protocol = 103,
		.out_protocol = 0,
		.group_count = 1,
		.groups = { { { 224, 0, 0, 13 } } },
	},
	[MRKM_TRAFFIC_PIM6] = {
		.name = "PIM for IPv6",
		.daemon = "pim6d",
		.protocol = 203,
		.family = AF_INET6,
		.ip_protocol = 103,
		.out_protocol = 103,
		.group_count = 1,
		.groups = { { { 0xff, 2, [15] = 0xd } } },
	},
	[MRKM_TRAFFIC_OSPF6] = {
		.name = "OSPFv3",
		.daemon = "ospf6d",
		.protocol = 202,
		.family = AF_INET6,
		.ip_protocol = 89,
		.out_protocol = 89,
		.unicast = true,
		.group_count = 2,
		.groups = { { { 0xff, 2, [15] = 5 } },
			    { { 0xff, 2, [15] = 6 } } },
	},
};
/* clang-format on */

enum mrkm_traffic mrkm_traffic_of(const char *daemon)
{
	enum mrkm_traffic traffic = 0;

	while (traffic < MRKM_TRAFFIC_MAX &&
	       strcmp(mrkm_traffic[traffic].daemon, daemon) != 0)
		traffic++;
	return traffic;
}

/* --------------------------------------------------------------- comparisons */

#define COMPARE(a, b, member)                                                  \
	if ((a)->member != (b)->member)                                        \
	return (a)->member < (b)->member ? -1 : 1

static int compare_sas(const void *x, const void *y)
{
	const struct mrkm_sa *a = x, *b = y;

	COMPARE(a, b, family);
	COMPARE(a, b, ip_protocol);
	COMPARE(a, b, spi);
	return memcmp(&a->destination, &b->destination, sizeof(a->destination));
}

static int compare_sps(const void *x, const void *y)
{
	const struct mrkm_sp *a = x, *b = y;

	COMPARE(a, b, ifindex);
	COMPARE(a, b, family);
	COMPARE(a, b, in);
	COMPARE(a, b, ip_protocol);
	COMPARE(a, b, prefix);
	return memcmp(&a->destination, &b->destination, sizeof(a->destination));
}

static int compare_filters(const void *x, const void *y)
{
	const struct mrkm_filter *a = x, *b = y;

	COMPARE(a, b, ifindex);
	COMPARE(a, b, kind);
	return 0;
}

bool mrkm_sa_equal(const struct mrkm_sa *a, const struct mrkm_sa *b)
{
	return compare_sas(a, b) == 0 && a->reqid == b->reqid &&
	       a->replay == b->replay && a->only_out == b->only_out &&
	       a->suite.encr == b->suite.encr &&
	       a->suite.encr_bits == b->suite.encr_bits &&
	       a->suite.integ == b->suite.integ && a->key_len == b->key_len &&
	       memcmp(a->key, b->key, a->key_len) == 0;
}

bool mrkm_sp_equal(const struct mrkm_sp *a, const struct mrkm_sp *b)
{
	return compare_sps(a, b) == 0 && a->reqid == b->reqid &&
	       a->block == b->block && a->sa_protocol == b->sa_protocol &&
	       a->spi == b->spi;
}

bool mrkm_filter_equal(const struct mrkm_filter *a, const struct mrkm_filter *b)
{
	return compare_filters(a, b) == 0 && a->traffic == b->traffic &&
	       a->mac_len == b->mac_len &&
	       a->address_count == b->address_count &&
	       memcmp(a->addresses, b->addresses,
		      a->address_count * sizeof(a->addresses[0])) == 0;
}

static bool equal_sas(const void *a, const void *b)
{
	return mrkm_sa_equal(a, b);
}

static bool equal_sps(const void *a, const void *b)
{
	return mrkm_sp_equal(a, b);
}

static bool equal_filters(const void *a, const void *b)
{
	return mrkm_filter_equal(a, b);
}

static const struct kind {
	size_t size;
	int (*compare)(const void *a, const void *b);
	bool (*equal)(const void *a, const void *b);
	enum mrkm_op_type add, change, remove;
} kind_sa = { sizeof(struct mrkm_sa), compare_sas,	 equal_sas,
	      MRKM_OP_ADD_SA,	      MRKM_OP_CHANGE_SA, MRKM_OP_DEL_SA },
  kind_sp = { sizeof(struct mrkm_sp), compare_sps,    equal_sps,
	      MRKM_OP_SET_SP,	      MRKM_OP_SET_SP, MRKM_OP_DEL_SP },
  kind_filter = {
	  sizeof(struct mrkm_filter), compare_filters,	  equal_filters,
	  MRKM_OP_SET_FILTER,	      MRKM_OP_SET_FILTER, MRKM_OP_DEL_FILTER
  };

/* -------------------------------------------------------------------- lists */

static char *item_at(const struct mrkm_list *list, const struct kind *kind,
		     size_t place)
{
	return (char *)list->items + place * kind->size;
}

/*
 * The place of the first item that is not before `like`, and whether it has
 * the same identity.
 */
static size_t find_place(const struct mrkm_list *list, const struct kind *kind,
			 const void *like, bool *found)
{
	size_t low = 0, high = list->count, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (kind->compare(item_at(list, kind, middle), like) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found = low < list->count &&
		 kind->compare(item_at(list, kind, low), like) == 0;
	return low;
}

/* Not realloc(), which may leave keys behind. */
static int make_room(struct mrkm_list *list, const struct kind *kind)
{
	size_t room = list->room ? 2 * list->room : 16;
	void *bigger;

	if (list->count < list->room)
		return 0;
	bigger = calloc(room, kind->size);
	if (!bigger)
		return -ENOMEM;
	if (list->items) {
		memcpy(bigger, list->items, list->count * kind->size);
		explicit_bzero(list->items, list->count * kind->size);
		free(list->items);
	}
	list->items = bigger;
	list->room = room;
	return 0;
}

static int add_item(struct mrkm_list *list, const struct kind *kind,
		    const void *item)
{
	bool found;
	size_t place = find_place(list, kind, item, &found);

	if (found)
		return -EEXIST;
	if (make_room(list, kind))
		return -ENOMEM;
	memmove(item_at(list, kind, place + 1), item_at(list, kind, place),
		(list->count - place) * kind->size);
	memcpy(item_at(list, kind, place), item, kind->size);
	list->count++;
	return 0;
}

static void *find_item(const struct mrkm_list *list, const struct kind *kind,
		       const void *like)
{
	bool found;
	size_t place = find_place(list, kind, like, &found);

	return found ? item_at(list, kind, place) : NULL;
}

static void clear_list(struct mrkm_list *list, const struct kind *kind)
{
	if (list->items)
		explicit_bzero(list->items, list->count * kind->size);
	free(list->items);
	memset(list, 0, sizeof(*list));
}

int mrkm_image_add_sa(struct mrkm_image *image, const struct mrkm_sa *sa)
{
	return add_item(&image->sas, &kind_sa, sa);
}

int mrkm_image_add_sp(struct mrkm_image *image, const struct mrkm_sp *sp)
{
	return add_item(&image->sps, &kind_sp, sp);
}

int mrkm_image_add_filter(struct mrkm_image *image,
			  const struct mrkm_filter *filter)
{
	return add_item(&image->filters, &kind_filter, filter);
}

struct mrkm_sa *mrkm_image_find_sa(const struct mrkm_image *image,
				   const struct mrkm_sa *like)
{
	return find_item(&image->sas, &kind_sa, like);
}

struct mrkm_filter *mrkm_image_find_filter(const struct mrkm_image *image,
					   int ifindex,
					   enum mrkm_filter_kind kind)
{
	struct mrkm_filter like = { .ifindex = ifindex, .kind = kind };

	return find_item(&image->filters, &kind_filter, &like);
}

static int merge_list(struct mrkm_list *into, const struct mrkm_list *from,
		      const struct kind *kind)
{
	int err = 0;

	for (size_t i = 0; i < from->count && err != -ENOMEM; i++)
		err = add_item(into, kind, item_at(from, kind, i));
	return err == -ENOMEM ? err : 0;
}

int mrkm_image_merge(struct mrkm_image *into, const struct mrkm_image *from)
{
	if (merge_list(&into->filters, &from->filters, &kind_filter) ||
	    merge_list(&into->sas, &from->sas, &kind_sa) ||
	    merge_list(&into->sps, &from->sps, &kind_sp))
		return -ENOMEM;
	return 0;
}

/* Keeps those that are among `what`, or those that are not. */
static void sift_list(struct mrkm_list *from, const struct mrkm_list *what,
		      bool among, const struct kind *kind)
{
	size_t kept = 0, count = from->count;

	for (size_t i = 0; i < count; i++)
		if (among == !!find_item(what, kind, item_at(from, kind, i)))
			memmove(item_at(from, kind, kept++),
				item_at(from, kind, i), kind->size);
	from->count = kept;
	if (count > kept)
		explicit_bzero(item_at(from, kind, kept),
			       (count - kept) * kind->size);
}

void mrkm_image_subtract(struct mrkm_image *from, const struct mrkm_image *what)
{
	sift_list(&from->filters, &what->filters, false, &kind_filter);
	sift_list(&from->sas, &what->sas, false, &kind_sa);
	sift_list(&from->sps, &what->sps, false, &kind_sp);
}

void mrkm_image_forget_sas(struct mrkm_image *image,
			   const struct mrkm_image *present)
{
	sift_list(&image->sas, &present->sas, true, &kind_sa);
}

void mrkm_image_clear(struct mrkm_image *image)
{
	clear_list(&image->sas, &kind_sa);
	clear_list(&image->sps, &kind_sp);
	clear_list(&image->filters, &kind_filter);
}

/* --------------------------------------------------------------- differences */

static int add_op(struct mrkm_ops *ops, enum mrkm_op_type type,
		  const void *object)
{
	size_t room = ops->room ? 2 * ops->room : 64;
	struct mrkm_op *bigger;

	if (ops->count == ops->room) {
		bigger = realloc(ops->ops, room * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		ops->ops = bigger;
		ops->room = room;
	}
	ops->ops[ops->count++] =
		(struct mrkm_op){ .type = type, .object = object };
	return 0;
}

static int diff_lists(const struct mrkm_list *is, const struct mrkm_list *want,
		      const struct kind *kind, struct mrkm_ops *ops)
{
	size_t i = 0, w = 0;
	const void *a, *b;
	int order, err = 0;

	while (!err && (i < is->count || w < want->count)) {
		a = i < is->count ? item_at(is, kind, i) : NULL;
		b = w < want->count ? item_at(want, kind, w) : NULL;
		order = !b ? -1 : !a ? 1 : kind->compare(a, b);
		if (order < 0)
			err = add_op(ops, kind->remove, a);
		else if (order > 0)
			err = add_op(ops, kind->add, b);
		else if (!kind->equal(a, b))
			err = add_op(ops, kind->change, b);
		i += order <= 0;
		w += order >= 0;
	}
	return err;
}

static int by_type(const void *a, const void *b)
{
	const struct mrkm_op *x = a, *y = b;

	return (int)x->type - (int)y->type;
}

int mrkm_image_diff(const struct mrkm_image *is, const struct mrkm_image *want,
		    struct mrkm_ops *ops)
{
	int err = diff_lists(&is->filters, &want->filters, &kind_filter, ops);

	if (!err)
		err = diff_lists(&is->sas, &want->sas, &kind_sa, ops);
	if (!err)
		err = diff_lists(&is->sps, &want->sps, &kind_sp, ops);
	if (ops->count)
		qsort(ops->ops, ops->count, sizeof(*ops->ops), by_type);
	return err;
}

void mrkm_ops_clear(struct mrkm_ops *ops)
{
	free(ops->ops);
	memset(ops, 0, sizeof(*ops));
}
