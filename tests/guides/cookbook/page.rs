//! The page shows the recipes as they are tested.

use std::{collections::BTreeMap, fs, path::Path};

fn file(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_page_shows_each_recipe_as_it_is_tested() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = file(&root.join("docs/cookbook.md"));
    let folder = root.join("tests/guides/recipes");
    let recipes: BTreeMap<String, String> = fs::read_dir(folder)
        .expect("the recipes")
        .map(|entry| entry.expect("a readable folder").path())
        .map(|path| (path.file_name().expect("a file").to_string_lossy().into(), file(&path)))
        .collect();
    let blocks: Vec<&str> = page
        .split("```rust\n")
        .skip(1)
        .map(|rest| rest.split_once("```\n").expect("the block ends").0)
        .collect();
    for (name, recipe) in &recipes {
        assert!(blocks.contains(&recipe.as_str()), "the page has another text than {name}");
    }
    assert_eq!(blocks.len(), recipes.len(), "each block is a recipe that is tested");
}
