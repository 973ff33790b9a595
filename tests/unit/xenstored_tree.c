/* SPDX-License-Identifier: MIT */
/* The tree: sharing between snapshots (XS1), order of children (XS2). */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "dom0-tools/xenstored/tree.h"

static void make(struct store_node **root, const char *path)
{
    size_t created;
    cr_assert_eq(tree_make(root, path, 0, &created), 0);
}

Test(xenstored_tree, missing_parents_are_made_and_counted)
{
    struct store_node *root = tree_create();
    size_t created;
    cr_assert_eq(tree_make(&root, "/a/b/c", 5, &created), 0);
    cr_expect_eq(created, 3);
    cr_expect_eq(tree_owner(tree_find(root, "/a/b")), 5);
    cr_expect_null(tree_find(root, "/a/b/d"));
    cr_expect_str_eq(tree_find_nearest(root, "/a/b/d/e")->name, "b");
    tree_release(root);
}

Test(xenstored_tree, XS1_a_snapshot_does_not_see_later_changes)
{
    struct store_node *root = tree_create();
    make(&root, "/a/b");
    make(&root, "/a/c");
    struct store_node *snapshot = tree_snapshot(root);
    cr_assert_eq(tree_set_value(&root, "/a/b", "new", 3), 0);
    cr_assert_eq(tree_remove(&root, "/a/c"), 0);
    make(&root, "/a/d");
    cr_expect_eq(tree_find(snapshot, "/a/b")->length, 0);
    cr_expect_not_null(tree_find(snapshot, "/a/c"));
    cr_expect_null(tree_find(snapshot, "/a/d"));
    cr_expect_eq(tree_find(root, "/a/b")->length, 3);
    cr_expect_null(tree_find(root, "/a/c"));
    tree_release(snapshot);
    tree_release(root);
}

Test(xenstored_tree, XS1_what_was_not_changed_stays_shared)
{
    struct store_node *root = tree_create();
    make(&root, "/a/b");
    make(&root, "/x/y");
    struct store_node *snapshot = tree_snapshot(root);
    cr_assert_eq(tree_set_value(&root, "/a/b", "1", 1), 0);
    cr_expect_eq(tree_find(root, "/x"), tree_find(snapshot, "/x"));
    cr_expect_neq(tree_find(root, "/a"), tree_find(snapshot, "/a"));
    tree_release(root);
    cr_expect_eq(tree_find(snapshot, "/a/b")->length, 0);
    tree_release(snapshot);
}

Test(xenstored_tree, XS2_children_are_sorted_whatever_the_order_of_their_making)
{
    static const char *const names[] = {"/m", "/mm", "/a", "/z", "/l", "/m1", "/b"};
    struct store_node *root = tree_create();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        make(&root, names[i]);
    }
    for (size_t i = 1; i < root->nr_children; i++) {
        cr_expect_lt(strcmp(root->children[i - 1]->name, root->children[i]->name), 0);
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        cr_expect_not_null(tree_find(root, names[i]), "%s", names[i]);
    }
    tree_release(root);
}

Test(xenstored_tree, the_root_cannot_be_removed)
{
    struct store_node *root = tree_create();
    cr_expect_eq(tree_remove(&root, "/"), -EINVAL);
    cr_expect_eq(tree_remove(&root, "/none"), -ENOENT);
    tree_release(root);
}

Test(xenstored_tree, a_dead_domain_is_named_nowhere)
{
    const struct store_permission permissions[] = {{7, 0}, {8, 1}, {9, 3}};
    struct store_node *root = tree_create();
    make(&root, "/a/b");
    cr_assert_eq(tree_set_permissions(&root, "/a/b", permissions, 3), 0);
    struct store_node *snapshot = tree_snapshot(root);
    cr_assert_eq(tree_forget_domain(&root, 8), 0);
    cr_assert_eq(tree_forget_domain(&root, 7), 0);
    const struct store_node *node = tree_find(root, "/a/b");
    cr_expect_eq(node->nr_permissions, 2);
    cr_expect_eq(tree_owner(node), 0);
    cr_expect_eq(node->permissions[1].domid, 9);
    cr_expect_eq(tree_owner(tree_find(snapshot, "/a/b")), 7);
    tree_release(snapshot);
    tree_release(root);
}
