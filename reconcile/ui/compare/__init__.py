"""The page Compare files: two tables chosen, mapped, compared, looked through, and downloaded."""
