"""Standard benchmarks, one file each: where the items are, how they are asked, how graded."""
